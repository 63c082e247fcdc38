import { KanneryError, type StorageBackend } from '@kannery/storage'
import type { Gap, Incarnation, Index, SegmentEntry } from './format/model.ts'
import { readPage } from './pages/pages.ts'

/** Maps each partition to the offset that the backup fetches next: the end of what is covered. */
export type NextOffsets = ReadonlyMap<number, number>

/** Returns the incarnation of the topic as it is now; undefined before the first incarnation. */
export function currentIncarnation(index: Pick<Index, 'incarnations'>): Incarnation | undefined {
  return index.incarnations.at(-1)
}

/** The offsets of an incarnation that are covered. */
export interface Coverage {
  readonly next: NextOffsets
  /**
   * By partition, the leader epoch of the last batch before the next offset. A partition is missing
   * where that is not known: nothing is covered, a gap is last, or an older version wrote it.
   */
  readonly leaderEpochs: ReadonlyMap<number, number>
}

/**
 * Returns the next offset of every partition of incarnation `n`. It is derived from what is covered
 * and never stored separately, so that it cannot be ahead of the data. Reads the newest page of the
 * incarnation only if some partition is missing in the tail.
 *
 * @throws INTERNAL when the index has no incarnation `n`; as readPage
 */
export async function nextOffsets(
  storage: StorageBackend,
  index: Index,
  n: number,
): Promise<NextOffsets> {
  return (await readCoverage(storage, index, n)).next
}

/** Returns what is covered of incarnation `n`. Reads and throws as {@link nextOffsets} does. */
export async function readCoverage(
  storage: StorageBackend,
  index: Index,
  n: number,
): Promise<Coverage> {
  const incarnation = index.incarnations.find((candidate) => candidate.n === n)
  if (incarnation === undefined) {
    throw new KanneryError('INTERNAL', `topic "${index.topic}" has no incarnation ${n}`)
  }
  const tail = index.segments.filter((entry) => entry.in === n)
  const inTail = new Set(tail.flatMap((entry) => rangesOf(entry).map(([partition]) => partition)))
  const partitions = Array.from({ length: incarnation.partitions }, (_, partition) => partition)
  const paged = partitions.every((partition) => inTail.has(partition))
    ? nothingCovered
    : await pagedEnds(storage, index, n)
  const ends = advanceEnds(paged, tail)
  const gaps = gapOffsets(index, n)
  const next = new Map<number, number>()
  const leaderEpochs = new Map<number, number>()
  for (const partition of partitions) {
    const covered = ends.next[partition] ?? 0
    const start = incarnation.start[partition] ?? 0
    const offset = Math.max(start, covered, gaps.get(partition) ?? 0)
    next.set(partition, offset)
    const leaderEpoch = ends.leaderEpochs[partition] ?? -1
    if (offset === covered && leaderEpoch >= 0) leaderEpochs.set(partition, leaderEpoch)
  }
  return { next, leaderEpochs }
}

/** The ends of what segments cover, by partition, as a page states them. */
export interface CoveredEnds {
  readonly next: Readonly<Record<number, number>>
  /** Leader epoch of the last batch before `next`; −1 where it is not known. */
  readonly leaderEpochs: Readonly<Record<number, number>>
}

const nothingCovered: CoveredEnds = { next: {}, leaderEpochs: {} }

/**
 * Returns what the pages of incarnation `n` cover, from the newest page, which includes those
 * before it.
 */
export async function pagedEnds(
  storage: StorageBackend,
  index: Index,
  n: number,
): Promise<CoveredEnds> {
  const newest = index.pages.findLast((page) => page.in === n)
  if (newest === undefined) return nothingCovered
  const { next, leaderEpochs = {} } = await readPage(storage, index.topic, newest)
  return { next, leaderEpochs }
}

/** Returns `ends`, advanced by what `entries` cover. */
export function advanceEnds(ends: CoveredEnds, entries: readonly SegmentEntry[]): CoveredEnds {
  const leaderEpochs: Record<number, number> = { ...ends.leaderEpochs }
  for (const entry of entries) {
    for (const [partition, [from, next, leaderEpoch]] of rangesOf(entry)) {
      if (from < next) leaderEpochs[partition] = leaderEpoch
    }
  }
  return { next: advanceBy(ends.next, entries), leaderEpochs }
}

/** Returns `next`, advanced by what `entries` cover. */
export function advanceBy(
  next: Readonly<Record<number, number>>,
  entries: readonly SegmentEntry[],
): Readonly<Record<number, number>> {
  const advanced: Record<number, number> = { ...next }
  for (const entry of entries) {
    for (const [partition, [, to]] of rangesOf(entry)) {
      advanced[partition] = Math.max(advanced[partition] ?? 0, to)
    }
  }
  return advanced
}

/**
 * Returns the leader epochs after a change that leads from `before` to the offsets `next`. The
 * epochs of batches in a gap are not known.
 */
export function leaderEpochsAfter(
  before: Coverage,
  segment: SegmentEntry | undefined,
  next: NextOffsets,
): ReadonlyMap<number, number> {
  const leaderEpochs = new Map<number, number>()
  for (const [partition, offset] of next) {
    const [from, to, leaderEpoch] = segment?.offsets[partition] ?? [0, 0, -1]
    const isLast = from < to && to === offset
    const known = before.next.get(partition) === offset ? before.leaderEpochs.get(partition) : -1
    const last = isLast ? leaderEpoch : (known ?? -1)
    if (last >= 0) leaderEpochs.set(partition, last)
  }
  return leaderEpochs
}

/** Returns the ranges of a segment with their partition numbers. */
export function rangesOf(
  entry: Pick<SegmentEntry, 'offsets'>,
): readonly (readonly [partition: number, range: SegmentEntry['offsets'][number]])[] {
  return Object.entries(entry.offsets).map(([partition, range]) => [Number(partition), range])
}

/** How a change continues what is covered. */
export type Continuation =
  | { readonly kind: 'continues'; readonly next: NextOffsets }
  | { readonly kind: 'breaks'; readonly why: string }

/** Checks that `segment` and `gaps` together continue from `next` without a hole or an overlap. */
export function continueCoverage(
  next: NextOffsets,
  change: { readonly segment?: SegmentEntry | undefined; readonly gaps: readonly Gap[] },
): Continuation {
  const segmentRanges = change.segment === undefined ? [] : rangesOf(change.segment)
  const ranges = [
    ...segmentRanges.map(([partition, [from, to]]) => ({ partition, from, to })),
    ...change.gaps.map(({ partition, offsets: [from, to] }) => ({ partition, from, to })),
  ].toSorted((a, b) => a.from - b.from)
  const advanced = new Map(next)
  for (const { partition, from, to } of ranges) {
    const before = next.get(partition)
    const now = advanced.get(partition)
    if (before === undefined || now === undefined) {
      return { kind: 'breaks', why: `partition ${partition} is not known` }
    }
    if (from < before || from > now) {
      return { kind: 'breaks', why: `partition ${partition} continues at ${now}, not at ${from}` }
    }
    advanced.set(partition, Math.max(now, to))
  }
  return { kind: 'continues', next: advanced }
}

/** Gaps stay in the index permanently: an old gap says nothing about what came after it. */
function gapOffsets(index: Index, n: number): NextOffsets {
  const next = new Map<number, number>()
  for (const { in: of, partition, offsets } of index.gaps) {
    if (of === n) next.set(partition, Math.max(next.get(partition) ?? 0, offsets[1]))
  }
  return next
}
