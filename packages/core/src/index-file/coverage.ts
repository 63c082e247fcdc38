import { KanneryError, type StorageBackend } from '@kannery/storage'
import type { Gap, Incarnation, Index, SegmentEntry } from './model.ts'
import { readPage } from './pages.ts'

/** By partition, the offset behind all that is covered: what is to be fetched next. */
export type NextOffsets = ReadonlyMap<number, number>

/** The topic as it is now; undefined before the first incarnation was begun. */
export function currentIncarnation(index: Pick<Index, 'incarnations'>): Incarnation | undefined {
  return index.incarnations.at(-1)
}

/**
 * The next offset of every partition of incarnation `n`. Derived from what is covered, never stored apart: no position can run
 * ahead of the data. Reads the newest page only if some partition does not stand in the tail.
 */
export async function nextOffsets(
  storage: StorageBackend,
  index: Index,
  n: number,
): Promise<NextOffsets> {
  const incarnation = index.incarnations.find((candidate) => candidate.n === n)
  if (incarnation === undefined) {
    throw new KanneryError('INTERNAL', `topic "${index.topic}" has no incarnation ${n}`)
  }
  const tail = advanceBy(
    {},
    index.segments.filter((entry) => entry.in === n),
  )
  const gaps = gapOffsets(index, n)
  const partitions = Array.from({ length: incarnation.partitions }, (_, partition) => partition)
  const paged = partitions.every((partition) => partition in tail)
    ? {}
    : await pagedOffsets(storage, index, n)
  return new Map(
    partitions.map((partition) => {
      const start = incarnation.start[partition] ?? 0
      const covered = [paged[partition], tail[partition], gaps.get(partition)]
      return [partition, Math.max(start, ...covered.map((offset) => offset ?? 0))]
    }),
  )
}

/** By partition, what the pages of incarnation `n` cover: from the newest one, which knows it of those before it, too. */
export async function pagedOffsets(
  storage: StorageBackend,
  index: Index,
  n: number,
): Promise<Readonly<Record<number, number>>> {
  const newest = index.pages.findLast((page) => page.in === n)
  return newest === undefined ? {} : (await readPage(storage, index.topic, newest)).next
}

/** `next`, moved on by what `entries` cover. */
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

/** A segment's ranges by partition number. */
export function rangesOf(
  entry: Pick<SegmentEntry, 'offsets'>,
): readonly (readonly [partition: number, range: SegmentEntry['offsets'][number]])[] {
  return Object.entries(entry.offsets).map(([partition, range]) => [Number(partition), range])
}

export type Continuation =
  | { readonly kind: 'continues'; readonly next: NextOffsets }
  | { readonly kind: 'breaks'; readonly why: string }

/** Whether `segment` and `gaps` together go on from `next` without a hole, and cover nothing again. */
export function continueCoverage(
  next: NextOffsets,
  change: { readonly segment?: SegmentEntry; readonly gaps: readonly Gap[] },
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
      return { kind: 'breaks', why: `partition ${partition} goes on at ${now}, not at ${from}` }
    }
    advanced.set(partition, Math.max(now, to))
  }
  return { kind: 'continues', next: advanced }
}

/** Gaps stay in the index for ever: an old one says nothing about what came after it. */
function gapOffsets(index: Index, n: number): NextOffsets {
  const next = new Map<number, number>()
  for (const { in: of, partition, offsets } of index.gaps) {
    if (of === n) next.set(partition, Math.max(next.get(partition) ?? 0, offsets[1]))
  }
  return next
}
