import { describe, expect, test } from 'vitest'
import { compareKeys, keyPrefix, objectKey } from './object-key.ts'

describe('keys of objects', () => {
  test.each(['a', 'orders/index', 'orders/__lease', '~workers/01JDC8', 'Ünï/ codé', 'a..b/c.'])(
    '%j is accepted',
    (key) => {
      expect(objectKey(key)).toBe(key)
    },
  )

  test.each([
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    './a',
    '.hidden',
    'a/.b',
    'a\\b',
    'a\0',
    'a\nb',
    '\ud800',
    'é'.repeat(513),
  ])('%j is refused', (key) => {
    expect(() => objectKey(key)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test('a prefix is the root or a folder', () => {
    expect(keyPrefix('')).toBe('')
    expect(keyPrefix('a/b/')).toBe('a/b/')
    expect(() => keyPrefix('a')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(() => keyPrefix('../')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test('keys are ordered by their UTF-8 bytes', () => {
    const keys = ['\u{10000}', '\uffff', 'b', 'a/b', 'a', 'a b', 'a0', 'ä', '\u{10001}']

    expect(keys.toSorted(compareKeys)).toEqual(
      keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
    expect(keys.toSorted(compareKeys)).not.toEqual(keys.toSorted())
  })
})
