import { advanceBy, rangesOf } from '../index-file/coverage.ts'
import { EpochEnds } from '../index-file/epoch-ends.ts'
import type { CoveredRange, Gap, Incarnation, SegmentEntry } from '../index-file/format/model.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { Pieces } from './pieces.ts'
import type { FoundSegment } from './survey-segments.ts'
import { Turns } from './turns.ts'

/** What an index says about segments, derived from the segments alone. */
export interface Arrangement {
  readonly cluster: string
  readonly incarnations: readonly Incarnation[]
  /** Entries in an order in which the offsets of every partition increase. */
  readonly segments: readonly SegmentEntry[]
  /** Offsets between segments that no segment covers. */
  readonly holes: readonly Omit<Gap, 'noticed' | 'reason'>[]
  /** Segments whose whole coverage is in other segments, which take precedence. */
  readonly superseded: readonly Ulid[]
  /**
   * Segments of a history that a later leader cut off; the rest of their coverage is in other
   * segments.
   */
  readonly cutOff: readonly Ulid[]
  /** Segments of another incarnation of the same number, or of another cluster. */
  readonly strangers: readonly FoundSegment[]
}

/**
 * Puts segments into an order, and assigns each offset to one of them: a whole segment takes
 * precedence over a damaged one, then a higher epoch, then a later segment. Nothing that only one
 * segment holds is left out, unless leader epochs rule it out.
 *
 * @returns undefined without segments
 */
export function arrangeSegments(found: readonly FoundSegment[]): Arrangement | undefined {
  const newest = found.toSorted(byPrecedence)[0]
  if (newest === undefined) return undefined
  const { cluster } = newest.header
  const topicIds = topicIdsByIncarnation(found.filter(({ header }) => header.cluster === cluster))
  const isOurs = ({ header }: FoundSegment): boolean =>
    header.cluster === cluster && header.topicId === topicIds.get(header.incarnation)
  const ordered = [...topicIds].toSorted(([one], [other]) => one - other)
  const arranged = ordered.map(([n, topicId]) => {
    const own = found.filter((one) => isOurs(one) && one.header.incarnation === n)
    return arrangeIncarnation(n, topicId, own)
  })
  return {
    cluster,
    incarnations: arranged.map((each) => ({
      ...withBaseline(each, arranged),
      branch: branchOf(each, arranged),
    })),
    segments: arranged.flatMap(({ segments }) => segments),
    holes: arranged.flatMap(({ holes }) => holes),
    superseded: arranged.flatMap(({ superseded }) => superseded),
    cutOff: arranged.flatMap(({ cutOff }) => cutOff),
    strangers: found.filter((one) => !isOurs(one)),
  }
}

/** Consecutive incarnations of one topic id are branches of it, unless they are baselines. */
function branchOf(
  { incarnation }: ArrangedIncarnation,
  all: readonly ArrangedIncarnation[],
): number {
  const histories = all.filter(
    ({ incarnation: { n, topicId }, baselineOf }) =>
      n <= incarnation.n && topicId === incarnation.topicId && baselineOf === undefined,
  )
  return Math.max(0, histories.length - 1)
}

/**
 * No segment says whether a baseline was complete. It counts as complete when it is whole and
 * reaches as far as the incarnation that it replaces. Any other baseline never becomes complete: a
 * restore takes the incarnation before it, until there is a new baseline.
 */
function withBaseline(
  arranged: ArrangedIncarnation,
  all: readonly ArrangedIncarnation[],
): Incarnation {
  const { incarnation, baselineOf: of, isWhole, holes, segments } = arranged
  if (of === undefined) return incarnation
  const before = all.find((other) => other.incarnation.n === of)
  const next = advanceBy({}, segments)
  const reaches = Object.entries(advanceBy({}, before?.segments ?? [])).every(
    ([partition, offset]) => (next[Number(partition)] ?? 0) >= offset,
  )
  const isComplete = isWhole && reaches && holes.length === 0
  const complete = isComplete ? incarnation.since : null
  return { ...incarnation, baseline: { of, pending: [], complete } }
}

/** Whole before damaged, higher epoch before lower, later before earlier. */
function byPrecedence(one: FoundSegment, other: FoundSegment): number {
  if (one.damaged !== other.damaged) return one.damaged ? 1 : -1
  if (one.header.epoch !== other.header.epoch) return other.header.epoch - one.header.epoch
  return one.entry.id < other.entry.id ? 1 : -1
}

/**
 * The topic id of an incarnation is that of the highest epoch: another id can only come from a
 * backup that was started again over this one.
 */
function topicIdsByIncarnation(found: readonly FoundSegment[]): ReadonlyMap<number, string> {
  const topicIds = new Map<number, string>()
  for (const { header } of found.toSorted(byPrecedence)) {
    if (!topicIds.has(header.incarnation)) topicIds.set(header.incarnation, header.topicId)
  }
  return topicIds
}

type ArrangedIncarnation = Pick<Arrangement, 'segments' | 'holes' | 'superseded' | 'cutOff'> & {
  readonly incarnation: Incarnation
  /** Number of the incarnation that it was to replace. */
  readonly baselineOf: number | undefined
  readonly isWhole: boolean
}

function arrangeIncarnation(
  n: number,
  topicId: string,
  found: readonly FoundSegment[],
): ArrangedIncarnation {
  const possible = withoutCutOff(found)
  const byPartition = piecesByPartition(possible)
  // A segment that covers nothing stays named, so that no clean-up deletes it.
  const isNeeded = (entry: SegmentEntry, at: number): boolean =>
    rangesOf(entry).length > 0 || rangesOf(found[at]?.entry ?? entry).length === 0
  const narrowed = possible.map(({ entry }) => narrow(entry, byPartition))
  const segments = inGrowingOrder(narrowed.filter(isNeeded))
  const others = narrowed.filter((entry, at) => !isNeeded(entry, at)).map(({ id }) => id)
  const cut = new Set(possible.filter((one, at) => one !== found[at]).map(({ entry }) => entry.id))
  return {
    incarnation: incarnationOf(n, topicId, { found, byPartition }),
    segments,
    holes: holesIn(segments, n),
    baselineOf: found[0]?.header.baselineOf,
    isWhole: found.every(({ damaged }) => !damaged),
    superseded: others.filter((id) => !cut.has(id)),
    cutOff: others.filter((id) => cut.has(id)),
  }
}

/**
 * Returns the segments without what a later leader contradicts, which may be all of their coverage.
 */
function withoutCutOff(found: readonly FoundSegment[]): readonly FoundSegment[] {
  const ranges = found.flatMap(({ entry }) => rangesOf(entry))
  const byPartition = Map.groupBy(ranges, ([partition]) => partition)
  const ends = new Map(
    [...byPartition].map(([partition, own]) => [
      partition,
      new EpochEnds(own.map(([, range]) => range)),
    ]),
  )
  return found.map((segment) => {
    const { entry } = segment
    const offsets: Record<number, CoveredRange> = {}
    let isCut = false
    for (const [partition, range] of rangesOf(entry)) {
      const possible = ends.get(partition)?.within(range)
      if (possible !== undefined) offsets[partition] = possible
      isCut ||= possible !== range
    }
    return isCut ? { ...segment, entry: { ...entry, offsets, visible: null } } : segment
  })
}

function piecesByPartition(found: readonly FoundSegment[]): ReadonlyMap<number, Pieces> {
  const byPartition = new Map<number, Pieces>()
  for (const segment of found.toSorted(byPrecedence)) {
    for (const [partition, range] of rangesOf(segment.entry)) {
      const pieces = byPartition.get(partition) ?? new Pieces()
      byPartition.set(partition, pieces)
      pieces.add(segment, range)
    }
  }
  return byPartition
}

/**
 * Returns the entry with only the given ranges. Where the end of a range was taken away, the leader
 * epoch of the rest is not known.
 */
function narrow(entry: SegmentEntry, byPartition: ReadonlyMap<number, Pieces>): SegmentEntry {
  const offsets: Record<number, CoveredRange> = {}
  for (const [partition, range] of rangesOf(entry)) {
    const piece = byPartition.get(partition)?.of(entry.id)
    if (piece === undefined) continue
    const { from, next } = piece
    offsets[partition] = [from, next, next === range[1] ? range[2] : -1]
  }
  // The number of records is known for a whole segment, not for a part of it.
  const isLess = rangesOf(entry).some(
    ([partition, [from, next]]) =>
      offsets[partition]?.[0] !== from || offsets[partition]?.[1] !== next,
  )
  return { ...entry, offsets, ...(isLess ? { visible: null } : {}) }
}

interface FoundIncarnation {
  readonly found: readonly FoundSegment[]
  readonly byPartition: ReadonlyMap<number, Pieces>
}

/**
 * Makes an incarnation from its segments. Its configuration and its empty partitions stay unknown.
 */
function incarnationOf(
  n: number,
  topicId: string,
  { found, byPartition }: FoundIncarnation,
): Incarnation {
  const starts = [...byPartition].map(([partition, pieces]) => [partition, pieces.start] as const)
  const created = found.map(({ header }) => header.createdAt).toSorted()
  return {
    n,
    topicId,
    branch: 0,
    since: created[0] ?? new Date(0).toISOString(),
    partitions: [...byPartition.keys()].reduce((most, last) => Math.max(most, last + 1), 0),
    start: Object.fromEntries(starts.filter(([, from]) => from !== 0)),
    baseline: null,
    config: {},
    effective: {},
  }
}

/**
 * Sorts entries by id, oldest first, unless the offsets of a partition require another order. Where
 * partitions contradict each other, the oldest entry gives up the ranges that are in the way, which
 * become holes.
 */
function inGrowingOrder(entries: readonly SegmentEntry[]): readonly SegmentEntry[] {
  const turns = new Turns(entries)
  const ordered: SegmentEntry[] = []
  const leave = (entry: SegmentEntry): void => {
    turns.leave(entry)
    ordered.push(entry)
  }
  for (let waiting = entries; waiting.length > 0; ) {
    const still: SegmentEntry[] = []
    for (const entry of waiting) {
      if (turns.isNext(entry)) leave(entry)
      else still.push(entry)
    }
    const [oldest] = still
    if (oldest !== undefined && still.length === waiting.length) {
      leave(turns.giveUp(oldest))
      still.shift()
    }
    waiting = still
  }
  return ordered
}

/** Returns the offsets after the first one of a partition that no entry covers. */
function holesIn(entries: readonly SegmentEntry[], n: number): Arrangement['holes'] {
  const covered = new Map<number, number>()
  const holes: Arrangement['holes'][number][] = []
  for (const entry of entries) {
    for (const [partition, [from, next]] of rangesOf(entry)) {
      const end = covered.get(partition) ?? from
      if (end < from) holes.push({ in: n, partition, offsets: [end, from] })
      covered.set(partition, next)
    }
  }
  return holes
}
