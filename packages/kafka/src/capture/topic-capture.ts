import {
  type AcquireOptions,
  currentIncarnation,
  type Incarnation,
  type Index,
  type UlidSource,
  type Worker,
  type WriterSession,
} from '@kannery/core'
import type { Clock, StorageBackend } from '@kannery/storage'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../cluster/metadata.ts'
import type { FetchedPartition } from '../protocol/fetch.ts'
import type { BatchRun } from './batch-run.ts'
import type { ChunkEncoder } from './chunk-encoder.ts'
import type { ChunkMemory } from './chunk-memory.ts'
import { Errand } from './errand.ts'
import { offsetsLost, topicRecreated } from './fetch-failures.ts'
import type { CaptureObserver, TopicReport } from './observer.ts'
import type { OpenSegment } from './open-segment.ts'
import { type CursorStart, PartitionCursor } from './partition-cursor.ts'
import { uploadSegment } from './publish-segment.ts'
import { KafkaRecoverySource } from './recovery-source.ts'
import type { SegmentLimits } from './segment-pipeline.ts'
import { TopicWriter } from './topic-writer.ts'
import { unexplainedObjects } from './unexplained-objects.ts'
import { keepUp, recordSettings } from './upkeep.ts'
import type { Uploads } from './worker-memory.ts'

export interface TopicCaptureContext {
  readonly cluster: KafkaCluster
  readonly storage: StorageBackend
  readonly worker: Worker
  readonly ids: UlidSource
  readonly clock: Clock
  readonly observer: CaptureObserver
  readonly limits: SegmentLimits
  readonly memory: ChunkMemory
  readonly encoder: ChunkEncoder
  readonly uploads: Uploads
  /** True: the run ends at the high watermarks of its start. */
  readonly once: boolean
  /** Some topic cannot be written any more. */
  onFailed(): void
}

/** How often a topic's retention is looked after. */
const upkeepEveryMs = 3_600_000

/** The backup of one topic, from the moment its lease is ours until it is released. */
export class TopicCapture {
  readonly name: string
  readonly topicId: string
  readonly cursors: PartitionCursor[] = []
  readonly #context: TopicCaptureContext
  readonly #session: WriterSession
  readonly #incarnation: Incarnation
  readonly #writer: TopicWriter
  readonly #upkeep = new Errand((error) => {
    this.#failure ??= { error }
  })
  #upkeepDueAt = Number.NEGATIVE_INFINITY
  #failure: { readonly error: unknown } | undefined
  #records = 0
  #bytes = 0
  #segments = 0

  /**
   * Takes the topic's lease and finds out where to go on; begins the backup of a topic that has none.
   *
   * @throws LEASE_HELD; KAFKA_TOPIC_MISMATCH when the backup is of another topic of that name; KAFKA_OFFSETS_LOST when the log
   *   ends before what was backed up; INDEX_*, DATA_*, STORAGE_*, KAFKA_*.
   */
  static async open(
    context: TopicCaptureContext,
    topic: TopicMetadata,
    wait: Pick<AcquireOptions, 'waitMs' | 'signal'> = {},
  ): Promise<TopicCapture> {
    const { cluster, worker } = context
    const session = await worker.acquire(topic.name, { ...wait, cluster: cluster.clusterId })
    try {
      await recover(context, session, topic)
      const incarnation = await beginOrContinue(context, session, topic)
      const starts = await startOfCursors(context, session, topic)
      const capture = new TopicCapture(context, session, { topic, incarnation })
      for (const [partition, start] of starts) capture.#openPartition(topic, partition, start)
      return capture
    } catch (error) {
      await session.release()
      throw error
    }
  }

  private constructor(
    context: TopicCaptureContext,
    session: WriterSession,
    { topic, incarnation }: { readonly topic: TopicMetadata; readonly incarnation: Incarnation },
  ) {
    this.name = topic.name
    this.topicId = topic.topicId
    this.#context = context
    this.#session = session
    this.#incarnation = incarnation
    const { clock, limits, memory, encoder } = context
    this.#writer = new TopicWriter({
      topic: topic.name,
      clock,
      limits,
      memory,
      encoder,
      publish: (segment) => this.#publish(segment),
      onFailed: (error) => {
        this.#failure ??= { error }
        context.onFailed()
      },
    })
  }

  /** Why it cannot be written any more: the lease is lost, the storage is full, … */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Nothing more will be read. */
  get finished(): boolean {
    return this.cursors.every((cursor) => cursor.finished)
  }

  get openBytes(): number {
    return this.#writer.openBytes
  }

  get sealedBytes(): number {
    return this.#writer.sealedBytes
  }

  /** What is committed. */
  get report(): TopicReport {
    return {
      topic: this.name,
      partitions: this.cursors.length,
      records: this.#records,
      bytes: this.#bytes,
      segments: this.#segments,
    }
  }

  /** Takes batches that follow what came before. @throws KAFKA_DATA_CORRUPT, KAFKA_UNSUPPORTED naming topic and partition. */
  take(cursor: PartitionCursor, fetched: FetchedPartition, run: BatchRun): void {
    if (this.#failure !== undefined) return
    const { partition, next, end, highWatermark } = cursor
    // Where not one batch is whole, the walk says whether it could be one.
    const records = run.bytes === 0 ? fetched.records : fetched.records.subarray(0, run.bytes)
    const visible = this.#writer.take(partition, records, fetched.aborted)
    this.#context.observer.onProgress({
      topic: this.name,
      partition,
      records: visible,
      bytes: run.bytes,
      nextOffset: next,
      endOffset: end ?? highWatermark,
    })
  }

  /** Closes the open segment, if there is one, with all that was taken. */
  seal(): void {
    this.#writer.seal()
  }

  sealWhenOld(): void {
    this.#writer.sealWhenOld()
  }

  /** Looks after the retention, now and then. */
  keepUpWhenDue(): void {
    const now = this.#context.clock.monotonic()
    if (now < this.#upkeepDueAt) return
    this.#upkeepDueAt = now + upkeepEveryMs
    this.#upkeep.start(() => this.#keepUp())
  }

  /** Takes up partitions that were added to the topic while it runs: they begin at 0. Returns their cursors. */
  async addPartitions(topic: TopicMetadata): Promise<readonly PartitionCursor[]> {
    const known = this.cursors.length
    const count = topic.partitions.length
    if (count <= known) return []
    await this.#session.commit({ partitions: count })
    for (let partition = known; partition < count; partition++) {
      this.#openPartition(topic, partition, { next: 0, lastEpoch: -1, end: undefined })
    }
    return this.cursors.slice(known)
  }

  /** Commits what was taken, and releases the lease. @throws what failed; the lease is released all the same. */
  async close(): Promise<void> {
    try {
      this.seal()
      await this.#writer.settled()
      if (this.#context.once) await this.#keepUp()
    } finally {
      await this.#upkeep.done()
      await this.#session.release()
    }
  }

  /** Throws away what is not committed, and releases the lease. */
  async abandon(error: unknown): Promise<void> {
    this.#failure ??= { error }
    await this.#writer.abandon(error)
    await this.#upkeep.done()
    await this.#session.release()
  }

  async #keepUp(): Promise<void> {
    const { observer } = this.#context
    await keepUp(this.#session, {
      ...this.#context,
      onWarning: (warning) => observer.onWarning(warning),
    })
  }

  #openPartition(topic: TopicMetadata, partition: number, start: CursorStart): void {
    const cursor = new PartitionCursor(topic, partition, start)
    // Where nothing was backed up, there is nothing that the log could contradict.
    if (!cursor.hasMore && start.lastEpoch < 0) cursor.finish()
    this.cursors.push(cursor)
    this.#writer.addPartition(partition, start.next)
  }

  async #publish(segment: OpenSegment): Promise<void> {
    const { storage, clock, observer, uploads } = this.#context
    const { cluster, epoch, writer } = this.#session.index
    const { n: incarnation, baseline } = this.#incarnation
    const entry = await uploadSegment(
      {
        storage,
        clock,
        uploads,
        header: {
          format: 1,
          requires: { read: [], write: [] },
          topic: this.name,
          topicId: this.topicId,
          cluster,
          incarnation,
          ...(baseline && { baselineOf: baseline.of }),
          epoch,
          writer,
        },
        newSegmentId: () => this.#session.newSegmentId(),
      },
      segment,
    )
    await this.#session.commit({ segment: entry })
    this.#segments += 1
    for (const { visibleRecords, rawBytes } of segment.chunks) {
      this.#records += visibleRecords
      this.#bytes += rawBytes
    }
    observer.onCommitted({ topic: this.name, segment: entry })
  }
}

/** Before the first fetch: what a writer before us uploaded and did not commit. */
async function recover(
  { cluster, observer }: TopicCaptureContext,
  session: WriterSession,
  topic: TopicMetadata,
): Promise<void> {
  const { unexplained } = await session.recover(new KafkaRecoverySource(cluster, topic))
  if (unexplained.length > 0) observer.onWarning(unexplainedObjects(topic.name, unexplained))
}

/** The incarnation that this topic is. */
async function beginOrContinue(
  { cluster }: TopicCaptureContext,
  session: WriterSession,
  { name, topicId, partitions }: TopicMetadata,
): Promise<Incarnation> {
  const known = currentIncarnation(session.index)
  if (known !== undefined && known.topicId !== topicId) {
    throw topicRecreated(name, { backup: known.topicId, cluster: topicId })
  }
  const settings = await cluster.describeTopicConfig(name)
  if (known !== undefined) await recordSettings(session, settings)
  if (known !== undefined && known.partitions >= partitions.length) {
    return currentIncarnation(session.index) ?? known
  }
  const earliest = await cluster.listOffsets(name, 'earliest', 'read-uncommitted')
  const start = Object.fromEntries(
    partitions
      .filter(({ partition }) => partition >= (known?.partitions ?? 0))
      .map(({ partition }) => [partition, earliest.get(partition) ?? 0]),
  )
  if (known === undefined) {
    const { overrides, effective } = settings
    await session.beginIncarnation({
      topicId,
      partitions: partitions.length,
      start,
      config: overrides,
      effective,
      replicationFactor: partitions[0]?.replicas.length ?? 1,
    })
  } else {
    await session.commit({ partitions: partitions.length, start })
  }
  return currentIncarnation(session.index) as Incarnation
}

async function startOfCursors(
  { cluster, once }: TopicCaptureContext,
  session: WriterSession,
  topic: TopicMetadata,
): Promise<ReadonlyMap<number, CursorStart>> {
  const epochs = lastEpochs(session.index)
  const ends = once
    ? await cluster.listOffsets(topic.name, 'latest', 'read-uncommitted')
    : undefined
  const starts = new Map<number, CursorStart>()
  for (const [partition, next] of session.nextOffsets()) {
    const end = ends?.get(partition)
    if (end !== undefined && next > end) {
      throw offsetsLost({ topic, partition, next }, { earliest: 0, latest: end })
    }
    starts.set(partition, { next, lastEpoch: epochs.get(partition) ?? -1, end })
  }
  return starts
}

/**
 * By partition, the leader epoch of the last batch that the tail of the index covers. A partition that is only in pages is
 * missing: its log is checked against the backup from its next batch on.
 */
function lastEpochs(index: Index): ReadonlyMap<number, number> {
  const n = currentIncarnation(index)?.n
  const epochs = new Map<number, number>()
  for (const entry of index.segments) {
    if (entry.in !== n) continue
    for (const [partition, [, , epoch]] of Object.entries(entry.offsets)) {
      epochs.set(Number(partition), epoch)
    }
  }
  return epochs
}
