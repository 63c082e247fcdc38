import type { ByteRange } from './backend.ts'

/** The bytes of an object from `start`, inclusive, to `end`, exclusive. */
export interface ByteSpan {
  readonly start: number
  readonly end: number
}

/**
 * Returns the bytes that `range` selects of an object of `size` bytes, or all bytes without a
 * range. Checks nothing: use {@link selectSpan} where the object may not have the range.
 */
export function spanOf(range: ByteRange | undefined, size: number): ByteSpan {
  switch (range?.kind) {
    case undefined:
      return { start: 0, end: size }
    case 'span':
      return { start: range.start, end: range.end }
    case 'from':
      return { start: range.start, end: size }
    case 'last':
      return { start: Math.max(0, size - range.length), end: size }
  }
}

/**
 * Returns the bytes that `range` selects of an object of `size` bytes, or undefined when the object
 * does not have the range or the range selects no byte: a backend then throws STORAGE_RANGE.
 * Without a range it returns all bytes, also those of an empty object.
 */
export function selectSpan(range: ByteRange | undefined, size: number): ByteSpan | undefined {
  const span = spanOf(range, size)
  if (range === undefined) return span
  const { start, end } = span
  const isSpan = Number.isSafeInteger(start) && Number.isSafeInteger(end)
  return isSpan && start >= 0 && start < end && end <= size ? span : undefined
}
