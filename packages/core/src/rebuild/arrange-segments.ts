import { rangesOf } from '../index-file/coverage.ts'
import type { CoveredRange, Gap, Incarnation, SegmentEntry } from '../index-file/model.ts'
import type { Ulid } from '../ulid/ulid.ts'
import type { FoundSegment } from './survey-segments.ts'

/** What an index says of segments that only tell of themselves. */
export interface Arrangement {
  readonly cluster: string
  readonly incarnations: readonly Incarnation[]
  /** In an order in which the offsets of every partition grow. */
  readonly segments: readonly SegmentEntry[]
  /** Offsets between segments, of which none tells. */
  readonly holes: readonly Omit<Gap, 'noticed' | 'reason'>[]
  /** All that they cover is in others, which come first. */
  readonly superseded: readonly Ulid[]
  /** Of another life of the topic that has the same number, or of another cluster. */
  readonly strangers: readonly FoundSegment[]
}

interface Span {
  readonly from: number
  readonly next: number
}

/** What one segment tells of one partition. */
interface Piece extends Span {
  readonly segment: FoundSegment
}

/**
 * Puts segments into an order, and gives each offset to one of them: a whole one comes before a damaged one, then the higher
 * epoch wins, then the later one. Nothing that a segment alone holds is left out.
 *
 * @returns undefined without segments
 */
export function arrangeSegments(found: readonly FoundSegment[]): Arrangement | undefined {
  const newest = found.toSorted(byPrecedence)[0]
  if (newest === undefined) return undefined
  const { cluster } = newest.header
  const topicIds = topicIdsByLife(found.filter(({ header }) => header.cluster === cluster))
  const isOurs = ({ header }: FoundSegment): boolean =>
    header.cluster === cluster && header.topicId === topicIds.get(header.incarnation)
  const lives = [...topicIds].toSorted(([one], [other]) => one - other)
  const arranged = lives.map(([n, topicId]) => {
    const own = found.filter((one) => isOurs(one) && one.header.incarnation === n)
    return arrangeLife(n, topicId, own)
  })
  return {
    cluster,
    incarnations: arranged.map(({ incarnation }) => incarnation),
    segments: arranged.flatMap(({ segments }) => segments),
    holes: arranged.flatMap(({ holes }) => holes),
    superseded: arranged.flatMap(({ superseded }) => superseded),
    strangers: found.filter((one) => !isOurs(one)),
  }
}

/** Whole before damaged, higher epoch before lower, later before earlier. */
function byPrecedence(one: FoundSegment, other: FoundSegment): number {
  if (one.damaged !== other.damaged) return one.damaged ? 1 : -1
  if (one.header.epoch !== other.header.epoch) return other.header.epoch - one.header.epoch
  return one.entry.id < other.entry.id ? 1 : -1
}

/** A life's topic id is that of the highest epoch: another one can only come from a backup that was begun anew over this one. */
function topicIdsByLife(found: readonly FoundSegment[]): ReadonlyMap<number, string> {
  const topicIds = new Map<number, string>()
  for (const { header } of found.toSorted(byPrecedence)) {
    if (!topicIds.has(header.incarnation)) topicIds.set(header.incarnation, header.topicId)
  }
  return topicIds
}

type ArrangedLife = Pick<Arrangement, 'segments' | 'holes' | 'superseded'> & {
  readonly incarnation: Incarnation
}

function arrangeLife(n: number, topicId: string, found: readonly FoundSegment[]): ArrangedLife {
  const byPartition = new Map(
    partitionsOf(found).map((partition) => [partition, piecesOf(partition, found)]),
  )
  // One that never covered anything keeps its name, so that no clean-up takes it.
  const isNeeded = (entry: SegmentEntry, at: number): boolean =>
    rangesOf(entry).length > 0 || rangesOf(found[at]?.entry ?? entry).length === 0
  const narrowed = found.map(({ entry }) => narrow(entry, byPartition))
  const segments = inGrowingOrder(narrowed.filter(isNeeded))
  return {
    incarnation: incarnationOf(n, topicId, { found, byPartition }),
    segments,
    holes: holesIn(segments, n),
    superseded: narrowed.filter((entry, at) => !isNeeded(entry, at)).map(({ id }) => id),
  }
}

function partitionsOf(found: readonly FoundSegment[]): readonly number[] {
  const partitions = found.flatMap(({ entry }) => rangesOf(entry).map(([partition]) => partition))
  return [...new Set(partitions)].toSorted((one, other) => one - other)
}

/** Who tells of which offsets of a partition: ascending, without overlap, and one piece a segment. */
function piecesOf(partition: number, found: readonly FoundSegment[]): readonly Piece[] {
  let pieces: readonly Piece[] = []
  for (const segment of found.toSorted(byPrecedence)) {
    const range = segment.entry.offsets[partition]
    if (range !== undefined) pieces = withPiece(pieces, segment, range)
  }
  return pieces
}

/**
 * `pieces` come first; `segment` gets what they leave of `range`. An entry has one range a partition: a whole segment that would
 * fall into parts keeps what is between them, too, where it holds the same; a damaged one keeps its largest part.
 */
function withPiece(
  pieces: readonly Piece[],
  segment: FoundSegment,
  [from, next]: CoveredRange,
): readonly Piece[] {
  const left = uncovered(pieces, { from, next })
  const largest = left.toSorted((one, other) => sizeOf(other) - sizeOf(one))[0]
  if (largest === undefined) return pieces
  const whole = { from: left[0]?.from ?? from, next: left.at(-1)?.next ?? next }
  const kept = segment.damaged ? largest : whole
  const others = pieces.filter((piece) => piece.next <= kept.from || piece.from >= kept.next)
  return [...others, { segment, ...kept }].toSorted((one, other) => one.from - other.from)
}

function uncovered(pieces: readonly Span[], { from, next }: Span): readonly Span[] {
  const ends = pieces.filter((piece) => piece.next > from && piece.from < next)
  const starts = [from, ...ends.map((piece) => piece.next)]
  const stops = [...ends.map((piece) => piece.from), next]
  return starts
    .map((start, at) => ({ from: start, next: stops[at] ?? next }))
    .filter((span) => sizeOf(span) > 0)
}

function sizeOf({ from, next }: Span): number {
  return next - from
}

/** The entry with just what it tells of. Where its end was taken away, the leader epoch of what is left is not known. */
function narrow(
  entry: SegmentEntry,
  byPartition: ReadonlyMap<number, readonly Piece[]>,
): SegmentEntry {
  const offsets: Record<number, CoveredRange> = {}
  for (const [partition, range] of rangesOf(entry)) {
    const piece = byPartition.get(partition)?.find(({ segment }) => segment.entry.id === entry.id)
    if (piece === undefined) continue
    const { from, next } = piece
    offsets[partition] = [from, next, next === range[1] ? range[2] : -1]
  }
  return { ...entry, offsets }
}

interface Life {
  readonly found: readonly FoundSegment[]
  readonly byPartition: ReadonlyMap<number, readonly Piece[]>
}

/** What segments do not tell stays unknown: configuration, and partitions that were empty. */
function incarnationOf(n: number, topicId: string, { found, byPartition }: Life): Incarnation {
  const starts = [...byPartition].map(([partition, pieces]) => [partition, pieces[0]?.from ?? 0])
  const created = found.map(({ header }) => header.createdAt).toSorted()
  return {
    n,
    topicId,
    branch: 0,
    since: created[0] ?? new Date(0).toISOString(),
    partitions: Math.max(0, ...[...byPartition.keys()].map((partition) => partition + 1)),
    start: Object.fromEntries(starts.filter(([, from]) => from !== 0)),
    baseline: null,
    config: {},
    effective: {},
  }
}

/**
 * Oldest first, by their ids, unless the offsets of some partition want it otherwise. Where partitions contradict each other, the
 * oldest gives up what stands in the way: it becomes a hole.
 */
function inGrowingOrder(entries: readonly SegmentEntry[]): readonly SegmentEntry[] {
  const queues = new Map<number, Turn[]>()
  for (const entry of entries) {
    for (const [partition, [from]] of rangesOf(entry)) {
      const queue = queues.get(partition)
      if (queue === undefined) queues.set(partition, [{ id: entry.id, from }])
      else queue.push({ id: entry.id, from })
    }
  }
  for (const queue of queues.values()) queue.sort((one, other) => other.from - one.from)
  const isNext = (id: Ulid, partition: number): boolean => queues.get(partition)?.at(-1)?.id === id
  const ordered: SegmentEntry[] = []
  const leave = (entry: SegmentEntry): void => {
    for (const [partition] of rangesOf(entry)) queues.get(partition)?.pop()
    ordered.push(entry)
  }
  let waiting = entries
  while (waiting.length > 0) {
    const still: SegmentEntry[] = []
    for (const entry of waiting) {
      if (rangesOf(entry).every(([partition]) => isNext(entry.id, partition))) leave(entry)
      else still.push(entry)
    }
    const [oldest, ...others] = still
    if (oldest !== undefined && still.length === waiting.length) {
      const kept = rangesOf(oldest).filter(([partition]) => isNext(oldest.id, partition))
      for (const [partition, queue] of queues) {
        if (!isNext(oldest.id, partition)) {
          queues.set(
            partition,
            queue.filter(({ id }) => id !== oldest.id),
          )
        }
      }
      leave({ ...oldest, offsets: Object.fromEntries(kept) })
      waiting = others
    } else {
      waiting = still
    }
  }
  return ordered
}

/** A segment that waits for its turn in a partition. The last one in a queue is next. */
interface Turn {
  readonly id: Ulid
  readonly from: number
}

/** Offsets behind the first that a partition has, which no entry covers. */
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
