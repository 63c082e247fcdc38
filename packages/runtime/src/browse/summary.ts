import { type Index, nextOffsets } from '@kannery/core'

/** What `kannery ls` tells of a topic, from its index alone. */
export interface TopicSummary {
  readonly topic: string
  readonly partitions: number
  readonly records: number
  /** Of the segments, as stored. */
  readonly bytes: number
  readonly segments: number
  /** ISO 8601, by the clock of the backup; null before the first segment. */
  readonly capturedUntil: string | null
}

export interface PartitionSummary {
  readonly partition: number
  /** The first covered offset. */
  readonly from: number
  /** The offset that the next backup fetches. */
  readonly next: number
  readonly leaderEpoch: number | null
}

/** What `kannery show` tells of a topic, from its index alone. */
export interface TopicDetails {
  readonly summary: TopicSummary
  readonly cluster: string
  readonly topicId: string | null
  readonly epoch: number
  /** Least and greatest record timestamp, milliseconds. */
  readonly time: readonly [number, number] | null
  readonly partitions: readonly PartitionSummary[]
  readonly configuration: Readonly<Record<string, string>>
  readonly segments: Index['segments']
  readonly gaps: Index['gaps']
}

export function summarize(index: Index): TopicSummary {
  const captured = index.segments.map((segment) => segment.captured[1])
  return {
    topic: index.topic,
    partitions: index.incarnations.at(-1)?.partitions ?? 0,
    records: sum(index.segments.map((segment) => segment.records)),
    bytes: sum(index.segments.map((segment) => segment.bytes)),
    segments: index.segments.length,
    capturedUntil: captured.toSorted().at(-1) ?? null,
  }
}

export function describeTopic(index: Index): TopicDetails {
  const incarnation = index.incarnations.at(-1)
  const times = index.segments.flatMap((segment) => segment.time ?? [])
  return {
    summary: summarize(index),
    cluster: index.cluster,
    topicId: incarnation?.topicId ?? null,
    epoch: index.epoch,
    time: times.length === 0 ? null : [least(times), greatest(times)],
    partitions: incarnation === undefined ? [] : describePartitions(index, incarnation),
    configuration: incarnation?.config ?? {},
    segments: index.segments,
    gaps: index.gaps,
  }
}

function describePartitions(index: Index, incarnation: Index['incarnations'][number]): PartitionSummary[] {
  const next = nextOffsets(index, incarnation)
  return Array.from({ length: incarnation.partitions }, (_, partition) => {
    const ranges = index.segments.flatMap((segment) => {
      const range = segment.in === incarnation.n ? segment.offsets[partition] : undefined
      return range === undefined ? [] : [range]
    })
    const start = incarnation.start[partition] ?? 0
    return {
      partition,
      from: ranges.length === 0 ? start : least(ranges.map(([from]) => from)),
      next: next.get(partition) ?? start,
      leaderEpoch: ranges.toSorted((a, b) => a[1] - b[1]).at(-1)?.[2] ?? null,
    }
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b))
}

function greatest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b))
}
