import { keyPrefix } from '@kannery/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ulid } from '../ulid/ulid.ts'
import { heartbeatKey, namedObject, topicKeys } from './keys.ts'
import { topicFolder, topicOfFolder } from './topic-folder.ts'

const id = '01JDC8F9V0000000000000000A' as Ulid

describe('the folder of a topic', () => {
  test('the keys of a topic are those that users know', () => {
    const keys = topicKeys('orders')

    expect([keys.folder, keys.index, keys.lease, keys.time]).toEqual([
      'orders/',
      'orders/index',
      'orders/__lease',
      'orders/__time',
    ])
    expect(keys.segment(id)).toBe(`orders/${id}.kan`)
    expect(keys.page(id)).toBe(`orders/${id}.page`)
    expect(heartbeatKey(id)).toBe(`~workers/${id}`)
  })

  test.each([
    ['orders', 'orders'],
    ['a.b-c_D', 'a.b-c_D'],
    ['orders.', 'orders%2E'],
    ['.orders', '%2Eorders'],
    ['...', '%2E.%2E'],
    ['__consumer_offsets', '__consumer_offsets'],
    ['x'.repeat(249), 'x'.repeat(249)],
  ])('topic %j lies in folder %j', (topic, folder) => {
    expect(topicFolder(topic)).toBe(folder)
    expect(topicOfFolder(folder)).toBe(topic)
  })

  test.each([
    '',
    '.',
    '..',
    'a/b',
    'a b',
    '~workers',
    'ä',
    'a%2Eb',
    '../a',
    'a\n',
    'x'.repeat(250),
  ])('%j is not the name of a topic', (topic) => {
    expect(() => topicKeys(topic)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test.each([
    '~workers',
    '~cluster',
    'lost+found',
    '.kannery',
    '.nfs0001',
    'orders.',
    'a%2Eb',
    '%2e',
    'a%20b',
    '%2E',
  ])('folder %j is not that of a topic', (folder) => {
    expect(topicOfFolder(folder)).toBeUndefined()
  })

  test('every topic has a folder of its own', () => {
    const topics = fc
      .stringMatching(/^[a-zA-Z0-9._-]{1,249}$/)
      .filter((name) => name !== '.' && name !== '..')
    fc.assert(
      fc.property(topics, (topic) => {
        expect(topicOfFolder(topicFolder(topic))).toBe(topic)
        expect(() => keyPrefix(`${topicFolder(topic)}/`)).not.toThrow()
      }),
    )
  })

  test('only segments and pages are named by an id', () => {
    const { folder, segment, page, index, lease } = topicKeys('orders')

    expect(namedObject(folder, segment(id))).toEqual({ kind: 'segment', id })
    expect(namedObject(folder, page(id))).toEqual({ kind: 'page', id })
    expect([index, lease].map((key) => namedObject(folder, key))).toEqual([undefined, undefined])
    expect(namedObject(topicKeys('other').folder, segment(id))).toBeUndefined()
  })
})
