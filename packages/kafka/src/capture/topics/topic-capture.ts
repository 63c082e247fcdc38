import { currentIncarnation } from '@kannery/core/index-file'
import type { UlidSource } from '@kannery/core/ulid'
import type { AcquireOptions, Worker, WriterSession } from '@kannery/core/writing'
import type { Clock, KanneryError, StorageBackend } from '@kannery/storage'
import { kafkaError } from '../../cluster/errors.ts'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import { SingleFlight } from '../../concurrency/single-flight.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import type { FetchedPartition } from '../../protocol/fetch.ts'
import type { BatchRun } from '../fetching/batch-run.ts'
import { type CursorStart, PartitionCursor } from '../fetching/partition-cursor.ts'
import type { ChunkMemory } from '../memory/chunk-memory.ts'
import type { Uploads } from '../memory/worker-memory.ts'
import type { BegunIncarnation, CaptureObserver, TopicReport } from '../observer.ts'
import type { ChunkEncoder } from '../segments/chunk-encoder.ts'
import type { SegmentLimits } from '../segments/segment-pipeline.ts'
import { TopicWriter } from '../segments/topic-writer.ts'
import { beginOrContinue } from './begin-incarnation.ts'
import { cursorStarts, recoverSegments } from './resume.ts'
import { applyRetention } from './retention-upkeep.ts'
import { presentIncarnation, SegmentPublisher } from './segment-publisher.ts'
import { topicRecreated } from './topic-failures.ts'

/** What the topics of a run share. */
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
  /** True when the run ends at the high watermarks of its start. */
  readonly once: boolean
  /** Aborted when the run ends: nothing waits for Kafka then. */
  readonly signal: AbortSignal
  /** Called when there is something to do for the topics: one has failed, or was closed. */
  wake(): void
}

/** How often a topic's retention is applied. */
const upkeepEveryMs = 3_600_000

/** How to open a topic. */
interface OpenTopicOptions extends Pick<AcquireOptions, 'waitMs' | 'signal'> {
  /**
   * Number of the incarnation whose history the topic's log has lost. If it is still the last one,
   * another one begins.
   */
  readonly truncated?: number | undefined
  /**
   * Whether to check each batch before it is taken, because some were damaged before. Defaults to
   * false: each chunk is checked before it is written.
   */
  readonly checksEachBatch?: boolean
}

/** The backup of one topic, from the acquisition of its lease to the release. */
export class TopicCapture {
  readonly name: string
  readonly topicId: string
  readonly cursors: PartitionCursor[] = []
  /** Why partitions cannot be read in a run of mode `once`: it is unknown where they end. */
  readonly unreadable: KanneryError[] = []
  readonly #context: TopicCaptureContext
  readonly #session: WriterSession
  readonly #begun: BegunIncarnation | undefined
  readonly #publisher: SegmentPublisher
  readonly #writer: TopicWriter
  readonly #upkeep = new SingleFlight((error) => {
    this.#failure ??= { error }
  })
  #upkeepDueAt = Number.NEGATIVE_INFINITY
  #failure: { readonly error: unknown } | undefined

  /**
   * Acquires the topic's lease and finds out where to continue; begins the backup of a topic that
   * has none. A topic that was created again begins a new incarnation, with a warning.
   *
   * @throws LEASE_HELD; INDEX_*, DATA_*, STORAGE_*, KAFKA_*.
   */
  static async open(
    context: TopicCaptureContext,
    topic: TopicMetadata,
    { truncated, checksEachBatch = false, ...wait }: OpenTopicOptions = {},
  ): Promise<TopicCapture> {
    const { cluster, worker } = context
    const session = await worker.acquire(topic.name, { ...wait, cluster: cluster.clusterId })
    try {
      await recoverSegments(context, session, topic)
      const before = currentIncarnation(session.index)
      const begun = await beginOrContinue(cluster, session, topic, truncated)
      if (begun?.reason === 'created-again') {
        const ids = { backup: before?.topicId ?? '', cluster: topic.topicId }
        context.observer.onWarning(topicRecreated(topic.name, ids))
      }
      const starts = await cursorStarts(context, session, topic)
      const capture = new TopicCapture(context, session, { topic, begun, checksEachBatch })
      for (const [partition, start] of starts) capture.#openPartition(topic, partition, start)
      capture.#reportOpened()
      return capture
    } catch (error) {
      await session.release()
      throw error
    }
  }

  private constructor(
    context: TopicCaptureContext,
    session: WriterSession,
    {
      topic,
      begun,
      checksEachBatch,
    }: {
      readonly topic: TopicMetadata
      readonly begun: BegunIncarnation | undefined
      readonly checksEachBatch: boolean
    },
  ) {
    this.name = topic.name
    this.topicId = topic.topicId
    this.#context = context
    this.#session = session
    this.#begun = begun
    const { clock, limits, memory, encoder } = context
    this.#publisher = new SegmentPublisher(context, session, topic)
    this.#writer = new TopicWriter({
      topic: topic.name,
      clock,
      limits,
      memory,
      encoder,
      checksEachBatch,
      upload: (segment) => this.#publisher.upload(segment),
      onFailed: (error) => {
        this.#failure ??= { error }
        context.wake()
      },
    })
  }

  /** Why the topic cannot be written any more: the lease is lost, the storage is full, … */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** True when nothing more will be read. */
  get finished(): boolean {
    return this.cursors.every((cursor) => cursor.finished)
  }

  /** Number of the incarnation that is being captured. */
  get incarnation(): number {
    return presentIncarnation(this.#session.index).n
  }

  /** Whether the topic with this id had the name before this one. */
  succeeds(topicId: string): boolean {
    if (topicId === this.topicId) return false
    return this.#session.index.incarnations.some((incarnation) => incarnation.topicId === topicId)
  }

  /** Memory of what is collected and is not being stored, bytes. */
  get openBytes(): number {
    return this.#writer.openBytes
  }

  /** Memory of what is being stored, bytes. */
  get sealedBytes(): number {
    return this.#writer.sealedBytes
  }

  /** What was committed so far. */
  get report(): TopicReport {
    return {
      topic: this.name,
      partitions: this.cursors.length,
      ...this.#publisher.committed,
      begun: this.#begun === undefined ? [] : [this.#begun],
    }
  }

  /**
   * Takes batches that follow those before.
   *
   * @throws KAFKA_DATA_CORRUPT, KAFKA_UNSUPPORTED with topic and partition.
   */
  take(cursor: PartitionCursor, fetched: FetchedPartition, run: BatchRun): void {
    if (this.#failure !== undefined) return
    // Where not one batch is whole, the check says whether it could be one.
    const records = run.bytes === 0 ? fetched.records : fetched.records.subarray(0, run.bytes)
    const visible = this.#writer.take(cursor.partition, records, fetched.aborted)
    this.#reportProgress(cursor, { records: visible, bytes: run.bytes })
  }

  /**
   * Continues at offset `to`: what is before it is gone from Kafka and becomes a gap of the backup.
   * `reason` is entered into the index as it is: `retention` (or DeleteRecords), `compaction`.
   */
  skip(cursor: PartitionCursor, gap: { readonly to: number; readonly reason: string }): void {
    if (this.#failure !== undefined) return
    this.#writer.skip(cursor.partition, gap)
    cursor.skipTo(gap.to)
    this.#reportProgress(cursor, { records: 0, bytes: 0 })
  }

  /** Closes the open segment, if there is one, with everything that was taken. */
  seal(): void {
    this.#writer.seal()
  }

  /** Closes the open segment if it has reached its age limit. */
  sealWhenOld(): void {
    this.#writer.sealWhenOld()
  }

  /** Applies the retention in the background when it is due. */
  applyRetentionWhenDue(): void {
    const now = this.#context.clock.monotonic()
    if (now < this.#upkeepDueAt) return
    this.#upkeepDueAt = now + upkeepEveryMs
    this.#upkeep.start(() => this.#applyRetention())
  }

  /**
   * Begins to capture partitions that were added to the topic during the run, from offset 0.
   * Returns their cursors.
   */
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

  /**
   * Commits what was taken, and releases the lease.
   *
   * @throws the first error; the lease is released all the same.
   */
  async close(): Promise<void> {
    try {
      this.seal()
      await this.#writer.settled()
      if (this.#context.once && !this.#context.signal.aborted) await this.#applyRetention()
    } finally {
      await this.#upkeep.done()
      await this.#session.release()
    }
  }

  /** Drops what is not committed, and releases the lease. */
  async abandon(error: unknown): Promise<void> {
    this.#failure ??= { error }
    await this.#writer.abandon(error)
    await this.#upkeep.done()
    await this.#session.release()
  }

  async #applyRetention(): Promise<void> {
    const { observer } = this.#context
    await applyRetention(this.#session, {
      ...this.#context,
      onWarning: (warning) => observer.onWarning(warning),
    })
  }

  #reportProgress(
    { partition, next, end, highWatermark }: PartitionCursor,
    counts: { readonly records: number; readonly bytes: number },
  ): void {
    this.#context.observer.onProgress({
      topic: this.name,
      partition,
      ...counts,
      nextOffset: next,
      endOffset: end ?? highWatermark,
    })
  }

  #reportOpened(): void {
    const { pages, segments } = this.#session.index
    const capturedUntil = (segments.at(-1) ?? pages.at(-1))?.captured[1]
    this.#context.observer.onOpened({
      topic: this.name,
      begun: this.#begun,
      capturedUntil,
    })
    for (const cursor of this.cursors) this.#reportRemainder(cursor)
  }

  /**
   * Reports what is left before anything is read: otherwise a share of the total would count only
   * the partitions that were read already.
   */
  #reportRemainder({ partition, next, end }: PartitionCursor): void {
    if (end === undefined) return
    this.#context.observer.onProgress({
      topic: this.name,
      partition,
      records: 0,
      bytes: 0,
      nextOffset: next,
      endOffset: end,
    })
  }

  #openPartition(topic: TopicMetadata, partition: number, start: CursorStart): void {
    const cursor = new PartitionCursor(topic, partition, start)
    // Without a backup there is nothing that the log could contradict, unless it ends before.
    if (start.next === start.end && start.lastEpoch < 0) cursor.finish()
    if (this.#context.once && start.end === undefined) {
      cursor.finish()
      this.unreadable.push(
        kafkaError(errorNumbers.LEADER_NOT_AVAILABLE, {
          api: 'Metadata',
          topic: topic.name,
          partition,
        }),
      )
    }
    this.cursors.push(cursor)
    this.#writer.addPartition(partition, start.next)
  }
}
