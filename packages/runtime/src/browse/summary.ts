import {
  combineTimes,
  holdingsOf,
  type Index,
  type KnownTimes,
  restorableIncarnation,
  type SegmentEntry,
} from '@kannery/core'

/** What `kannery ls` tells of a topic, from its index alone. */
export interface TopicSummary {
  readonly topic: string
  readonly partitions: number
  /** What a restore gives: records that a consumer sees. An upper bound unless `recordsExact`. */
  readonly records: number
  readonly recordsExact: boolean
  /** Records in `segments`, those of aborted transactions included. */
  readonly storedRecords: number
  /** Of `segments`, as stored. */
  readonly bytes: number
  /** Those that a restore reads: neither expired nor deleted, of the incarnation that it takes. */
  readonly segments: number
  /** Segments that are marked as expired and not deleted yet. */
  readonly expiredSegments: number
  /** Segments that the retention deleted. */
  readonly deletedSegments: number
  /** Segments of other incarnations of the topic, which a restore does not take of itself. */
  readonly otherSegments: number
  /** ISO 8601, by the clock of the backup; null before the first segment. */
  readonly capturedUntil: string | null
}

export interface PartitionSummary {
  readonly partition: number
  /** The first offset that the index as it is covers. */
  readonly from: number
  /** The offset that the next backup fetches. */
  readonly next: number
  /** Of the newest segment; null where that is not known. */
  readonly leaderEpoch: number | null
}

/** What `kannery show` tells of a topic, from its index alone. */
export interface TopicDetails extends KnownTimes {
  readonly summary: TopicSummary
  readonly cluster: string
  readonly topicId: string | null
  readonly epoch: number
  readonly partitions: readonly PartitionSummary[]
  readonly configuration: Readonly<Record<string, string>>
  readonly incarnations: number
  /** Segments of which only the sums are in the index itself. */
  readonly pagedSegments: number
  /** The newest segments, in the order of their commits. */
  readonly segments: readonly SegmentEntry[]
  readonly gaps: Index['gaps']
}

export function summarize(index: Index): TopicSummary {
  const { pages, segments } = index
  const captured = [...pages, ...segments].map((part) => part.captured[1])
  const restored = restorableIncarnation(index)
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

/** @param next by partition of the incarnation that a restore takes, what core derives as the offset behind it. */
export function describeTopic(index: Index, next: ReadonlyMap<number, number>): TopicDetails {
  const incarnation = restorableIncarnation(index)
  return {
    summary: summarize(index),
    cluster: index.cluster,
    topicId: incarnation?.topicId ?? null,
    epoch: index.epoch,
    ...combineTimes([...index.pages, ...index.segments]),
    partitions: incarnation === undefined ? [] : describePartitions(index, incarnation, next),
    configuration: incarnation?.config ?? {},
    incarnations: index.incarnations.length,
    pagedSegments: pagedSegments(index),
    segments: index.segments,
    gaps: index.gaps,
  }
}

function describePartitions(
  index: Index,
  incarnation: Index['incarnations'][number],
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
