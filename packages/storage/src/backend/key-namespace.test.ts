import { describe, expect, test } from 'vitest'
import { keyPrefix, objectKey } from '../object-key.ts'
import { KeyNamespace } from './key-namespace.ts'

const inFolder = new KeyNamespace('s3://bucket/prod', 'prod')
const atTop = new KeyNamespace('s3://bucket', undefined)

describe('a namespace of keys', () => {
  test('keys are translated to names below the folder, and back', () => {
    const key = objectKey('orders/index')
    expect(inFolder.nameOf(key)).toBe('prod/orders/index')
    expect(inFolder.keyOf('prod/orders/index')).toBe(key)
    expect(inFolder.folderOf('prod/orders/')).toBe('orders/')
    expect(inFolder.describe(key)).toBe('s3://bucket/prod/orders/index')
    expect(inFolder.describe(keyPrefix(''))).toBe('s3://bucket/prod')
    expect(atTop.nameOf(key)).toBe('orders/index')
    expect(atTop.keyOf('orders/index')).toBe(key)
  })

  test.each([
    undefined,
    'prod/',
    'production/orders/index',
    'orders/index',
    'prod//index',
    'prod/a/',
  ])('the name %s is no key', (name) => {
    expect(inFolder.keyOf(name)).toBeUndefined()
  })
})
