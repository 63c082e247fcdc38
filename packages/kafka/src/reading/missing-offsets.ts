import type { Gap, Index, SegmentEntry } from '@kannery/core/index-file'
import type { Span } from './segment-spans.ts'
import type { Selection } from './selection.ts'
import { shareInWindow } from './window.ts'

/** Offsets of a partition that the backup does not have, and why. */
export interface MissingOffsets {
  readonly partition: number
  /** From (inclusive), to (exclusive). */
  readonly offsets: readonly [from: number, next: number]
  /** Why the backup does not have them, as a clause. */
  readonly reason: string
}

interface ExplainedSpan extends Span {
  readonly reason: string
}

const retentionReasons = {
  expired: 'the retention of the backup has marked them as expired',
  deleted: 'the retention of the backup has deleted them',
}
const noSegment = 'no segment of the backup covers them'

/**
 * Finds the offsets of a {@link Selection} that no segment has: gaps (the source had deleted them),
 * those that the retention of the backup expired or deleted, and those that the index does not
 * explain. Offsets outside the window, or without records, are not missing.
 */
export class MissingOffsetsWalk {
  readonly #selection: Selection
  readonly #partitions: ReadonlyMap<number, PartitionCoverage>

  constructor(selection: Selection) {
    this.#selection = selection
    const { start } = selection.incarnation
    this.#partitions = new Map(
      Array.from(selection.partitions, (partition) => [
        partition,
        new PartitionCoverage(start[partition] ?? 0),
      ]),
    )
  }

  /** Adds one segment. Segments must be added in the order of the index. */
  add(entry: SegmentEntry): void {
    if (entry.in !== this.#selection.incarnation.n) return
    const { state } = entry
    const lost = state !== undefined && this.#isAskedFor(entry)
    for (const [key, [from, next]] of Object.entries(entry.offsets)) {
      const coverage = this.#partitions.get(Number(key))
      if (lost) coverage?.addExplained({ from, next, reason: retentionReasons[state] })
      else coverage?.addGiven({ from, next })
    }
  }

  /** Returns the missing offsets, by partition and offset. `gaps` are those of the index. */
  finish(gaps: Index['gaps']): readonly MissingOffsets[] {
    const ours = gaps.filter((gap) => gap.in === this.#selection.incarnation.n)
    const byPartition = Map.groupBy(ours, ({ partition }) => partition)
    return [...this.#partitions]
      .toSorted(([one], [other]) => one - other)
      .flatMap(([partition, coverage]) =>
        coverage
          .missing(byPartition.get(partition) ?? [])
          .map(({ from, next, reason }) => ({ partition, offsets: [from, next] as const, reason })),
      )
  }

  #isAskedFor({ records, time }: SegmentEntry): boolean {
    if (records === 0) return false
    return time === null || shareInWindow(this.#selection.window, time) !== 'none'
  }
}

/** What the index says about one partition. */
class PartitionCoverage {
  readonly #start: number
  /** Ranges that do not touch. */
  readonly #given: Span[] = []
  readonly #explained: ExplainedSpan[] = []

  constructor(start: number) {
    this.#start = start
  }

  addGiven({ from, next }: Span): void {
    const last = this.#given.at(-1)
    if (last === undefined || from > last.next || from < last.from) this.#given.push({ from, next })
    else this.#given[this.#given.length - 1] = { from: last.from, next: Math.max(last.next, next) }
  }

  addExplained(span: ExplainedSpan): void {
    append(this.#explained, span)
  }

  missing(gaps: readonly Gap[]): readonly ExplainedSpan[] {
    const explained = [
      ...this.#explained,
      ...gaps.map(({ offsets: [from, next], reason }) => ({ from, next, reason })),
    ].toSorted(byStart)
    const missing: ExplainedSpan[] = []
    let passed = 0
    for (const hole of this.#holes(explained)) {
      while ((explained[passed]?.next ?? Number.POSITIVE_INFINITY) <= hole.from) passed += 1
      let at = hole.from
      for (let index = passed; index < explained.length; index++) {
        const span = explained[index]
        if (span === undefined || span.from >= hole.next) break
        const [from, next] = [Math.max(span.from, at), Math.min(span.next, hole.next)]
        if (from >= next) continue
        append(missing, { from: at, next: from, reason: noSegment })
        append(missing, { from, next, reason: span.reason })
        at = next
      }
      append(missing, { from: at, next: hole.next, reason: noSegment })
    }
    return missing
  }

  /** Yields what no segment has, from the partition's start to the end that the index knows. */
  *#holes(explained: readonly Span[]): Generator<Span> {
    let next = this.#start
    for (const given of this.#given.toSorted(byStart)) {
      if (given.from > next) yield { from: next, next: given.from }
      next = Math.max(next, given.next)
    }
    const end = explained.reduce((most, span) => Math.max(most, span.next), next)
    if (end > next) yield { from: next, next: end }
  }
}

/** Adds `span` unless it is empty. One that continues the last span, for its reason, extends it. */
function append(spans: ExplainedSpan[], span: ExplainedSpan): void {
  if (span.from >= span.next) return
  const last = spans.at(-1)
  if (last?.next === span.from && last.reason === span.reason) {
    spans[spans.length - 1] = { ...last, next: span.next }
  } else spans.push(span)
}

function byStart(one: Span, other: Span): number {
  return one.from - other.from
}
