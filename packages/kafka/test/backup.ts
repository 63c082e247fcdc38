import { crc32c } from '@kannery/core/digest'
import {
  encodeIndex,
  type Gap,
  type Incarnation,
  type Index,
  type SegmentEntry,
} from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import {
  type AbortedRange,
  type ChunkCodec,
  type ChunkFacts,
  encodeChunk,
  SegmentWriter,
} from '@kannery/core/segment'
import { UlidSource } from '@kannery/core/ulid'
import type { Clock, Random, StorageBackend } from '@kannery/storage'
import { leastTimestamp } from '../src/capture/segments/least-timestamp.ts'
import { type BatchHeader, walkBatches } from '../src/record-batch/header.ts'
import { saturatedTime } from '../src/record-batch/record-time.ts'

/** Some batches of one partition, as a broker served them, and what a backup says of them. */
export interface ChunkSketch {
  readonly partition: number
  readonly batches: readonly Buffer[]
  /** The batches' own range by default. */
  readonly from?: number
  readonly next?: number
}

export interface SegmentSketch {
  readonly chunks: readonly ChunkSketch[]
  readonly aborted?: readonly AbortedRange[]
  readonly codec?: ChunkCodec
  /** What retention made of it: `deleted` ones are not in the storage. */
  readonly state?: 'expired' | 'deleted'
}

export interface BackupSketch {
  readonly topic: string
  readonly partitions: number
  readonly segments: readonly SegmentSketch[]
  readonly config?: Readonly<Record<string, string>>
  readonly replicationFactor?: number
  readonly gaps?: readonly Gap[]
}

export interface BackupTools {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly random: Random
}

const topicId = 'kqJ0AAAAAAAAAAAAAAAAAA'
const cluster = 'test-cluster'
const since = '2026-11-23T07:00:00.000Z'

/** Writes segments and index as a backup leaves them. */
export async function writeBackup(tools: BackupTools, sketch: BackupSketch): Promise<Index> {
  const ids = new UlidSource(tools)
  const segments: SegmentEntry[] = []
  for (const segment of sketch.segments) {
    const entry = await writeSegment(tools, sketch.topic, { id: ids.next(), segment })
    const { state } = segment
    if (state === 'deleted') await tools.storage.delete(topicKeys(sketch.topic).segment(entry.id))
    segments.push({ ...entry, ...(state === undefined ? {} : { state }) })
  }
  const index: Index = {
    format: 1,
    requires: { read: [], write: [] },
    topic: sketch.topic,
    cluster,
    epoch: 1,
    writer: 'test',
    commit: ids.next(),
    retention: {},
    points: [],
    holds: [],
    keys: [],
    garbage: [],
    incarnations: [incarnation(sketch)],
    pages: [],
    segments,
    gaps: sketch.gaps ?? [],
    extra: {},
  }
  await tools.storage.put(topicKeys(sketch.topic).index, encodeIndex(index), {
    condition: { kind: 'overwrite' },
  })
  return index
}

async function writeSegment(
  { storage }: BackupTools,
  topic: string,
  { id, segment }: { readonly id: SegmentEntry['id']; readonly segment: SegmentSketch },
): Promise<SegmentEntry> {
  await using output = await storage.openWriter(topicKeys(topic).segment(id), {
    condition: { kind: 'if-absent' },
  })
  const writer = new SegmentWriter(output, {
    format: 1,
    requires: { read: [], write: [] },
    topic,
    topicId,
    cluster,
    incarnation: 0,
    segment: id,
    epoch: 1,
    createdAt: since,
    writer: 'test',
  })
  for (const chunk of segment.chunks) {
    const raw = Buffer.concat(chunk.batches)
    const facts = factsOf(chunk, raw)
    const { codec = 'none' } = segment
    await writer.append(await encodeChunk(facts, raw, { codec, rawCrc: crc32c(raw) }))
  }
  const sealed = await writer.finish({ aborted: segment.aborted ?? [] })
  await output.commit()
  const { bytes, digest, records, offsets, time, maxBatchBytes, flags } = sealed
  return {
    id,
    in: 0,
    bytes,
    digest,
    records,
    offsets,
    time,
    captured: [since, since],
    maxBatchBytes,
    flags,
    expires: null,
  }
}

function factsOf({ partition, from, next }: ChunkSketch, raw: Buffer): ChunkFacts {
  const headers = [...walkBatches(raw)]
  const data = headers.filter(({ isControl, records }) => !isControl && records > 0)
  const known = data
    .map((header) => leastTimestamp(raw, header))
    .filter((least) => typeof least === 'number')
  return {
    kind: 'batches',
    partition,
    leaderEpoch: headers.at(-1)?.leaderEpoch ?? -1,
    from: from ?? headers[0]?.baseOffset ?? 0,
    next: next ?? headers.at(-1)?.nextOffset ?? 0,
    fetchedAt: Date.parse(since),
    batches: headers.length,
    records: sum(headers.map(({ records }) => records)),
    flags: {
      transactional: headers.some(({ isTransactional }) => isTransactional),
      holes: headers.some(hasHoles),
      logAppendTime: headers.some(({ timestampType }) => timestampType === 'log-append'),
    },
    minTimestamp: data.length > 0 && known.length === data.length ? Math.min(...known) : null,
    maxTimestamp:
      data.length > 0
        ? Math.max(...data.map((header) => saturatedTime(header.maxTimestamp)))
        : null,
    maxBatchBytes: Math.max(0, ...headers.map(({ length }) => length)),
    controlBatches: headers.filter(({ isControl }) => isControl).length,
  }
}

function hasHoles({ records, lastOffsetDelta }: BatchHeader): boolean {
  return records <= lastOffsetDelta
}

function incarnation({ partitions, config = {}, replicationFactor }: BackupSketch): Incarnation {
  return {
    n: 0,
    topicId,
    branch: 0,
    since,
    partitions,
    start: {},
    baseline: null,
    config,
    effective: config,
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
