import type { SegmentEntry } from '@kannery/core/index-file'
import { KanneryError } from '@kannery/storage'
import type { Selection } from './selection.ts'
import { shareInWindow } from './window.ts'

/** A range of offsets: `from` is inclusive, `next` is exclusive. */
export interface Span {
  readonly from: number
  readonly next: number
}

/** The offsets to read from one segment. Another segment may cover the rest of it. */
export interface SegmentSpans {
  readonly entry: SegmentEntry
  /** Offsets to read, by partition. */
  readonly spans: ReadonlyMap<number, Span>
}

/**
 * Decides which offsets to read from each segment: those that no earlier segment covers. So every
 * offset is read once, and in each partition in ascending order.
 */
export class SpanWalk {
  readonly #selection: Selection
  /** Partition → covered ranges that do not touch, ascending. */
  readonly #covered = new Map<number, Span[]>()

  constructor(selection: Selection) {
    this.#selection = selection
  }

  /**
   * Returns what to read from the next segment in the order of the index; undefined if nothing.
   *
   * @throws DATA_CORRUPT if a segment comes after one that continues it: the offsets would be
   *   out of order.
   */
  next(entry: SegmentEntry): SegmentSpans | undefined {
    const { incarnation, partitions } = this.#selection
    if (entry.in !== incarnation.n || entry.state !== undefined) return undefined
    const spans = new Map<number, Span>()
    for (const [key, [from, next]] of Object.entries(entry.offsets)) {
      const partition = Number(key)
      if (!partitions.has(partition)) continue
      const span = this.#takeUncovered(entry, partition, { from, next })
      if (span !== undefined) spans.set(partition, span)
    }
    return spans.size > 0 && this.#mayHoldRecords(entry) ? { entry, spans } : undefined
  }

  #mayHoldRecords({ records, time }: SegmentEntry): boolean {
    if (records === 0) return false
    return time === null || shareInWindow(this.#selection.window, time) !== 'none'
  }

  #takeUncovered(entry: SegmentEntry, partition: number, span: Span): Span | undefined {
    const covered = this.#covered.get(partition) ?? []
    const last = covered.at(-1)
    if (last === undefined || span.from > last.next) {
      this.#covered.set(partition, [...covered, span])
      return span
    }
    const repeated = { from: span.from, next: Math.min(span.next, last.next) }
    if (repeated.from < repeated.next && !covers(covered, repeated)) {
      throw outOfOrder(entry, partition, repeated)
    }
    if (span.next <= last.next) return undefined
    covered[covered.length - 1] = { from: last.from, next: span.next }
    return { from: last.next, next: span.next }
  }
}

function covers(covered: readonly Span[], { from, next }: Span): boolean {
  return covered.some((range) => range.from <= from && next <= range.next)
}

function outOfOrder({ id }: SegmentEntry, partition: number, { from, next }: Span): KanneryError {
  return new KanneryError('DATA_CORRUPT', 'the segments of the index are out of order', {
    why: `segment ${id} covers offsets ${from} to ${next} of partition ${partition}, and comes after segments that follow them`,
    remedy: 'Rebuild the index from the segments.',
    advice: { id: 'rebuild-index', state: 'damaged' },
    facts: { segment: id, partition, from, next },
  })
}
