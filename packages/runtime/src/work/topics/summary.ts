import {
  holdingsOf,
  type Incarnation,
  type Index,
  restorableIncarnation,
  type SegmentEntry,
} from '@kannery/core/index-file'
import { combineTimes, type KnownTimes } from '@kannery/core/segment'

/** Summary of the backup of a topic, from its index alone. */
export interface TopicSummary {
  readonly topic: string
  readonly partitions: number
  /**
   * Number of records that a restore gives: those that a consumer sees. An upper bound unless
   * `recordsExact`.
   */
  readonly records: number
  readonly recordsExact: boolean
  /** Number of records in `segments`, those of aborted transactions included. */
  readonly storedRecords: number
  /** Size of `segments` as stored, bytes. */
  readonly bytes: number
  /**
   * Number of segments that a restore reads: of the incarnation that it takes, neither expired nor
   * deleted.
   */
  readonly segments: number
  /** Number of segments that are marked as expired and not deleted yet. */
  readonly expiredSegments: number
  /** Number of segments that the retention deleted. */
  readonly deletedSegments: number
  /**
   * Number of segments of other incarnations of the topic, which a restore reads only when asked.
   */
  readonly otherSegments: number
  /**
   * Time at which the newest segment was captured, ISO 8601, by the clock of the backup; null
   * before the first segment.
   */
  readonly capturedUntil: string | null
}

/** What the backup of a topic covers of one partition. */
export interface PartitionSummary {
  readonly partition: number
  /** The first offset that the index covers. */
  readonly from: number
  /** The offset that the next backup fetches. */
  readonly next: number
  /** Leader epoch at the end of the newest segment; null when it is unknown. */
  readonly leaderEpoch: number | null
}

/** Details of the backup of a topic, from its index alone. */
export interface TopicDetails extends KnownTimes {
  readonly summary: TopicSummary
  readonly cluster: string
  readonly topicId: string | null
  readonly epoch: number
  readonly partitions: readonly PartitionSummary[]
  readonly configuration: Readonly<Record<string, string>>
  /**
   * Number of the incarnation that summary, partitions, topic id and configuration are of; null
   * before the first one.
   */
  readonly incarnation: number | null
  /** All incarnations, in the order of their numbers. */
  readonly incarnations: readonly IncarnationSummary[]
  /** Number of segments of which the index itself has only the sums: a page lists them. */
  readonly pagedSegments: number
  /** The newest segments, in the order of their commits. */
  readonly segments: readonly SegmentEntry[]
  readonly gaps: Index['gaps']
}

/** One incarnation of a topic. */
export interface IncarnationSummary {
  readonly n: number
  readonly topicId: string
  readonly branch: number
  /** Time at which the backup of it began, ISO 8601, by the clock of the storage. */
  readonly since: string
  readonly partitions: number
  /** Number of records that a consumer sees. An upper bound unless `recordsExact`. */
  readonly records: number
  readonly recordsExact: boolean
  readonly storedRecords: number
  readonly segments: number
}

/**
 * Summarizes the backup of a topic from its index.
 *
 * @param restored the incarnation that is counted; defaults to the one that a restore takes
 */
export function summarize(
  index: Index,
  restored: Incarnation | undefined = restorableIncarnation(index),
): TopicSummary {
  const { pages, segments } = index
  const captured = [...pages, ...segments].map((part) => part.captured[1])
  const kept = holdingsOf(index, restored?.n ?? 0)
  const others = index.incarnations.filter(({ n }) => n !== restored?.n)
  const keptOfOthers = others.map(({ n }) => holdingsOf(index, n))
  const expired = sum([kept, ...keptOfOthers].map((holdings) => holdings.expired))
  const otherSegments = sum(keptOfOthers.map((holdings) => holdings.segments))
  return {
    topic: index.topic,
    partitions: restored?.partitions ?? 0,
    records: kept.visible,
    recordsExact: kept.exact,
    storedRecords: kept.records,
    bytes: kept.bytes,
    segments: kept.segments,
    expiredSegments: expired,
    deletedSegments: namedSegments(index) - kept.segments - expired - otherSegments,
    otherSegments,
    capturedUntil: captured.toSorted().at(-1) ?? null,
  }
}

/** All that the index names, whatever became of them. */
function namedSegments(index: Index): number {
  return pagedSegments(index) + index.segments.length
}

/** @param next by partition of `incarnation`, the offset after the last one that is covered. */
export function describeTopic(
  index: Index,
  incarnation: Incarnation | undefined,
  next: ReadonlyMap<number, number>,
): TopicDetails {
  return {
    summary: summarize(index, incarnation),
    cluster: index.cluster,
    topicId: incarnation?.topicId ?? null,
    epoch: index.epoch,
    ...timesOf(index, incarnation),
    partitions: incarnation === undefined ? [] : describePartitions(index, incarnation, next),
    configuration: incarnation?.config ?? {},
    incarnation: incarnation?.n ?? null,
    incarnations: index.incarnations.map((each) => describeIncarnation(index, each)),
    pagedSegments: pagedSegments(index),
    segments: index.segments,
    gaps: index.gaps,
  }
}

/** Times of what can be restored; pages do not say which of their segments are expired. */
function timesOf({ pages, segments }: Index, incarnation: Incarnation | undefined): KnownTimes {
  const isShown = (part: { readonly in: number }): boolean => part.in === incarnation?.n
  const restorable = segments.filter((segment) => isShown(segment) && segment.state === undefined)
  return combineTimes([...pages.filter(isShown), ...restorable])
}

function describeIncarnation(
  index: Index,
  { n, topicId, branch, since, partitions }: Incarnation,
): IncarnationSummary {
  const { visible, exact, records, segments } = holdingsOf(index, n)
  const counts = { records: visible, recordsExact: exact, storedRecords: records, segments }
  return { n, topicId, branch, since, partitions, ...counts }
}

function describePartitions(
  index: Index,
  incarnation: Incarnation,
  next: ReadonlyMap<number, number>,
): PartitionSummary[] {
  const hasPages = index.pages.some((page) => page.in === incarnation.n)
  return Array.from({ length: incarnation.partitions }, (_, partition) => {
    const start = incarnation.start[partition] ?? 0
    const ranges = index.segments.flatMap((segment) => {
      const range = segment.in === incarnation.n ? segment.offsets[partition] : undefined
      return range === undefined ? [] : [range]
    })
    return {
      partition,
      from: hasPages ? start : (ranges[0]?.[0] ?? start),
      next: next.get(partition) ?? start,
      leaderEpoch: ranges.at(-1)?.[2] ?? null,
    }
  })
}

function pagedSegments({ pages }: Index): number {
  return sum(pages.map((page) => page.segments))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
