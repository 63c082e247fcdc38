import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseProperties } from './properties.ts'

describe('a .properties file', () => {
  test.each([
    ['a=1\nb = 2\r\nc: 3\rd 4', { a: '1', b: '2', c: '3', d: '4' }],
    ['# no\n! neither\n\n   \t\n a=1', { a: '1' }],
    ['\u00ef\u00bb\u00bfa=1', { a: '1' }],
    ['a=1\na=2', { a: '2' }],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['a=b=c:d', { a: 'b=c:d' }],
    ['a = b  ', { a: 'b  ' }],
    ['a\\ b\\=c\\:d=e', { 'a b=c:d': 'e' }],
    ['a=one \\\n   two\\\r\n\tthree', { a: 'one twothree' }],
    ['a=x\\\\\nb=y', { a: 'x\\', b: 'y' }],
    ['a=1\\', { a: '1' }],
    ['# comment \\\na=1', { a: '1' }],
    ['a=x\\\n# no comment', { a: 'x# no comment' }],
    ['a=\\t\\n\\u00e4\\q\\"', { a: '\t\näq"' }],
  ])('%j', (text, expected) => {
    expect(Object.fromEntries(parseProperties(text))).toEqual(expected)
  })

  test('is read as java.util.Properties.store wrote it', () => {
    const anyText = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), (properties) => {
        const text = Object.entries(properties)
          .map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
          .join('\n')
        expect(Object.fromEntries(parseProperties(text))).toEqual({ ...properties })
      }),
    )
  })

  test('a malformed Unicode escape is refused, and its text is not shown', () => {
    expect(() => parseProperties('password=secret\\user')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        why: expect.not.stringContaining('secret'),
      }),
    )
  })
})

function escaped(text: string): string {
  return text.replaceAll(/[^a-z0-9]/g, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
