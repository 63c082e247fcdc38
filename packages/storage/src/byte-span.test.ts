import { describe, expect, test } from 'vitest'
import type { ByteRange } from './backend.ts'
import { selectSpan } from './byte-span.ts'

describe('a range of an object of ten bytes', () => {
  test.each<[ByteRange | undefined, number, number]>([
    [undefined, 0, 10],
    [{ kind: 'span', start: 2, end: 10 }, 2, 10],
    [{ kind: 'from', start: 9 }, 9, 10],
    [{ kind: 'last', length: 3 }, 7, 10],
    [{ kind: 'last', length: 30 }, 0, 10],
  ])('%j selects the bytes from %i to %i', (range, start, end) => {
    expect(selectSpan(range, 10)).toEqual({ start, end })
  })

  test.each<ByteRange>([
    { kind: 'span', start: 2, end: 11 },
    { kind: 'span', start: 2, end: 2 },
    { kind: 'span', start: -1, end: 2 },
    { kind: 'span', start: 0.5, end: 2 },
    { kind: 'from', start: 10 },
    { kind: 'last', length: 0 },
  ])('%j selects no existing bytes', (range) => {
    expect(selectSpan(range, 10)).toBeUndefined()
  })
})

describe('an empty object', () => {
  test('can be read as a whole, and has no range', () => {
    expect(selectSpan(undefined, 0)).toEqual({ start: 0, end: 0 })
    expect(selectSpan({ kind: 'last', length: 5 }, 0)).toBeUndefined()
  })
})
