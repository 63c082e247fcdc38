import type { CoveredRange } from '../index-file/format/model.ts'
import type { Ulid } from '../ulid/ulid.ts'
import type { FoundSegment } from './survey-segments.ts'

interface Span {
  readonly from: number
  readonly next: number
}

/** A range of a partition that is assigned to a segment. */
export interface Piece extends Span {
  readonly segment: FoundSegment
}

/**
 * Assigns the offsets of one partition to segments, without overlap, one range for each segment.
 * Segments that are added first take precedence.
 */
export class Pieces {
  /**
   * The highest offsets first: the latest segments are added first, and so nearly always at the
   * end.
   */
  readonly #pieces: Piece[] = []
  readonly #bySegment = new Map<Ulid, Piece>()

  /** The lowest offset; 0 without any segment. */
  get start(): number {
    return this.#pieces.at(-1)?.from ?? 0
  }

  of(segment: Ulid): Piece | undefined {
    return this.#bySegment.get(segment)
  }

  /**
   * Assigns to `segment` what the segments before it leave of its range. An entry has one range for
   * each partition: a whole segment whose range would fall into parts keeps what is between them,
   * too, where it holds the same; a damaged one keeps its largest part.
   */
  add(segment: FoundSegment, [from, next]: CoveredRange): void {
    const first = this.#firstWith((piece) => piece.from < next)
    const end = this.#firstWith((piece) => piece.next <= from)
    const among = this.#pieces.slice(first, end)
    const left = uncovered(among, { from, next })
    const largest = left.toSorted((one, other) => sizeOf(other) - sizeOf(one))[0]
    if (largest === undefined) return
    const whole = { from: left.at(-1)?.from ?? from, next: left[0]?.next ?? next }
    const kept = segment.damaged ? largest : whole
    const added = { segment, ...kept }
    const staying = among.filter((piece) => piece.next <= kept.from || piece.from >= kept.next)
    const highestFirst = [...staying, added].toSorted((one, other) => other.from - one.from)
    this.#pieces.splice(first, among.length, ...highestFirst)
    for (const piece of among) this.#bySegment.delete(piece.segment.entry.id)
    for (const piece of highestFirst) this.#bySegment.set(piece.segment.entry.id, piece)
  }

  /**
   * Returns the first position for which `holds` is true. It is true for all positions after it.
   */
  #firstWith(holds: (piece: Piece) => boolean): number {
    let [low, high] = [0, this.#pieces.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const piece = this.#pieces[middle]
      if (piece !== undefined && holds(piece)) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Returns what `pieces`, all of which overlap the span, leave of it, highest first. */
function uncovered(pieces: readonly Span[], { from, next }: Span): readonly Span[] {
  const ends = [next, ...pieces.map((piece) => piece.from)]
  const starts = [...pieces.map((piece) => piece.next), from]
  return ends
    .map((end, at) => ({ from: starts[at] ?? from, next: end }))
    .filter((span) => sizeOf(span) > 0)
}

function sizeOf({ from, next }: Span): number {
  return next - from
}
