import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBoundedJson } from './bounded-json.ts'

const limits = { depth: 4, containers: 10, commas: 20 }
const parse = (text: string): unknown => parseBoundedJson(Buffer.from(text), limits)

describe('JSON with limits', () => {
  test('JSON within the limits is read as JSON.parse reads it', () => {
    const wide = { depth: 100, containers: 10_000, commas: 10_000 }
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseBoundedJson(Buffer.from(text), wide)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('brackets and commas in strings do not count', () => {
    const text = JSON.stringify('[{,"\\'.repeat(100))
    expect(parse(text)).toBe(JSON.parse(text))
    expect(() => parse(`["\\\\",[[[[[1]]]]]]`)).toThrow('nested deeper')
  })

  describe.each([
    ['nested too deep', '[[[[[]]]]]', 'nested deeper'],
    ['too many lists', '[[],[],[],[],[],[],[],[],[],[]]', 'more lists'],
    ['too many objects', '[{},{},{},{},{},{},{},{},{},{}]', 'more lists'],
    ['too many values', `[${'0,'.repeat(21)}0]`, 'more values'],
  ])('%s', (_name, text, message) => {
    test('is refused before it is parsed', () => {
      expect(() => parse(text)).toThrow(message)
    })
  })

  test.each(['', '[', '"', '"\\', '{"a":}', '\u0000'])('%j is not JSON', (text) => {
    expect(() => parse(text)).toThrow(SyntaxError)
  })

  test('what is not UTF-8 is not JSON', () => {
    expect(() => parseBoundedJson(Uint8Array.of(0x22, 0xff, 0x22), limits)).toThrow(SyntaxError)
  })
})
