import type { ByteRange } from './backend.ts'

/** From `start`, inclusive, to `end`, exclusive. */
export interface ByteSpan {
  readonly start: number
  readonly end: number
}

/** What `range` selects of an object of `size` bytes that has it. */
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
