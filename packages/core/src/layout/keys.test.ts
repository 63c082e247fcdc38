import { objectKey } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import type { Ulid } from '../ulid/ulid.ts'
import { isUploadKey, topicKeys } from './keys.ts'

const id = '01J8ZQ3V9N6D4B2C7E5F8G1H0K' as Ulid

describe('keys of unfinished uploads', () => {
  test.each([
    topicKeys('orders').segment(id),
    topicKeys('orders').page(id),
    topicKeys('.hidden.').segment(id),
  ])('an unfinished upload of %s can only be of a backup', (key) => {
    expect(isUploadKey(key)).toBe(true)
  })

  test.each([
    'orders/index',
    'orders/report.kan',
    `orders/${id}.parquet`,
    `orders/${id}`,
    `${id}.kan`,
    `team/orders/${id}.kan`,
    `~workers/${id}.kan`,
    `not a topic/${id}.kan`,
  ])('an unfinished upload of %s may be of another program', (key) => {
    expect(isUploadKey(objectKey(key))).toBe(false)
  })
})
