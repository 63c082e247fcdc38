import { KanneryError } from '@kannery/storage'
import { kafkaError } from '../cluster/errors.ts'
import type { ClusterMetadata } from '../cluster/metadata.ts'
import { SingleFlight } from '../concurrency/single-flight.ts'
import { untilAborted } from '../concurrency/until-aborted.ts'
import { WakeSignal } from '../concurrency/wake-signal.ts'
import { errorNumbers } from '../protocol/error-numbers.ts'
import type { CaptureOptions } from './capture-options.ts'
import type { BrokerReaderListener } from './fetching/broker-reader.ts'
import { BrokerReaders } from './fetching/broker-readers.ts'
import { judgeLoss } from './fetching/lost-offsets.ts'
import type { PartitionCursor } from './fetching/partition-cursor.ts'
import { StalledPartitions } from './fetching/stalled-partitions.ts'
import { WorkerMemory } from './memory/worker-memory.ts'
import type { CaptureReport } from './observer.ts'
import { ChunkEncoder } from './segments/chunk-encoder.ts'
import { MetadataWatch, type Urgency } from './topics/metadata-watch.ts'
import type { TopicCapture } from './topics/topic-capture.ts'
import { TopicSet } from './topics/topic-set.ts'

const tickMs = 500
/** Length of a tick while the leader of some partition is unknown. */
const urgentTickMs = 100

/** One run of `capture`: connects readers, topics and memory, and decides when the run ends. */
export class CaptureRun {
  readonly #options: CaptureOptions
  readonly #wakeSignal: WakeSignal
  readonly #watch: MetadataWatch
  readonly #memory: WorkerMemory
  readonly #encoder: ChunkEncoder
  readonly #topics: TopicSet
  readonly #readers: BrokerReaders
  readonly #stalled: StalledPartitions
  /** Stops the readers when it is aborted. */
  readonly #reading = new AbortController()
  readonly #refreshing = new SingleFlight((error) => this.#break(error))
  readonly #judging = new SingleFlight((error) => this.#break(error))
  readonly #explaining = new Set<Promise<void>>()
  #reportedFailures = 0
  #broken: { readonly error: unknown } | undefined

  static async start(options: CaptureOptions): Promise<CaptureReport> {
    const { cluster, clock, topics } = options
    const watch = new MetadataWatch(cluster, clock, topics)
    const metadata = await watch.ask()
    const run = new CaptureRun(options, watch, metadata.brokers.size)
    try {
      return await run.#run(metadata)
    } finally {
      await run.#encoder[Symbol.asyncDispose]()
    }
  }

  private constructor(options: CaptureOptions, watch: MetadataWatch, brokers: number) {
    this.#options = options
    this.#watch = watch
    const { cluster, clock, codec, budgetBytes, mode } = options
    const { signal } = this.#reading
    this.#wakeSignal = new WakeSignal(clock)
    this.#memory = new WorkerMemory({
      budgetBytes,
      brokers,
      holders: () => this.#topics.open.values(),
      pendingBytes: () => encoder.pendingBytes,
      signal,
    })
    const encoder = new ChunkEncoder(codec, this.#memory.chunks)
    this.#encoder = encoder
    this.#topics = new TopicSet({
      ...options,
      selection: options.topics,
      limits: options.segment,
      memory: this.#memory.chunks,
      encoder,
      uploads: this.#memory.uploads,
      once: mode.kind === 'once',
      wake: () => this.#wakeSignal.notify(),
    })
    this.#readers = new BrokerReaders({
      cluster,
      clock,
      signal,
      listener: this.#listener(),
      maxBytes: this.#memory.fetchBytes,
      gate: this.#memory.gate,
    })
    this.#stalled = new StalledPartitions({
      cluster,
      openTransactionPatienceMs: mode.kind === 'once' ? mode.openTransactionPatienceMs : undefined,
    })
  }

  async #run(metadata: ClusterMetadata): Promise<CaptureReport> {
    const { signal } = this.#options
    const wake = (): void => this.#wakeSignal.notify()
    signal.addEventListener('abort', wake)
    try {
      await this.#topics.begin(metadata)
      this.#findLeaders(metadata)
      while (!this.#over) {
        this.#tick()
        await this.#wakeSignal.wait(this.#urgency === 'leaderless' ? urgentTickMs : tickMs)
      }
    } finally {
      signal.removeEventListener('abort', wake)
      await this.#end()
    }
    this.#throwFailures()
    return this.#topics.report
  }

  /**
   * Ends everything, whatever happened before: commits what can be committed, and releases the
   * leases. Resolves when nothing is in progress any more.
   */
  async #end(): Promise<void> {
    this.#reading.abort()
    await this.#readers.ended()
    // Memory is committed first. That does not need Kafka, which may be away.
    await Promise.all([this.#topics.close(), this.#refreshing.done(), this.#judging.done()])
    await Promise.all(this.#explaining)
    // A topic may have been opened in the meantime.
    await this.#topics.close()
    this.#options.observer.onEnded?.(this.#topics.report)
  }

  get #over(): boolean {
    if (this.#options.signal.aborted || this.#broken !== undefined) return true
    const { open, closes, contends, beginsAnew } = this.#topics
    if (open.size > 0 || closes || contends || beginsAnew) return false
    return this.#once || this.#topics.failures.length > 0
  }

  get #once(): boolean {
    return this.#options.mode.kind === 'once'
  }

  #tick(): void {
    for (const topic of this.#topics.open.values()) {
      topic.sealWhenOld()
      if (!this.#once) topic.applyRetentionWhenDue()
    }
    this.#topics.retire()
    if (this.#watch.due(this.#urgency)) this.#refreshing.start(() => this.#refresh())
    this.#judging.start(() => this.#judge())
    if (!this.#once) this.#warnOfFailures()
  }

  get #urgency(): Urgency {
    for (const cursor of this.#cursors()) {
      if (cursor.readable && cursor.leadership === undefined) return 'leaderless'
    }
    if (this.#topics.beginsAnew) return 'leaderless'
    if (this.#topics.contends) return 'contending'
    return this.#once ? 'none' : 'following'
  }

  async #refresh(): Promise<void> {
    try {
      const metadata = await untilAborted(this.#watch.ask(), this.#reading.signal)
      if (metadata === undefined || this.#reading.signal.aborted) return
      await this.#topics.update(metadata)
      this.#findLeaders(metadata)
    } catch (error) {
      if (!KanneryError.is(error) || error.retry === 'never') throw error
      // Partitions that are being read have time limits of their own.
      this.#topics.noteUnanswered(error)
    } finally {
      this.#wakeSignal.notify()
    }
  }

  /** Assigns every partition to the broker that leads it now. */
  #findLeaders(metadata: ClusterMetadata): void {
    const present = new Map(metadata.topics.map((topic) => [topic.name, topic]))
    for (const cursor of this.#cursors()) {
      if (!cursor.readable) continue
      const partition = present.get(cursor.topic.name)?.partitions[cursor.partition]
      if (partition === undefined || !cursor.mayBeOfEpoch(partition.leaderEpoch)) continue
      if (partition.leader === undefined) {
        const facts = { api: 'Metadata', topic: cursor.topic.name, partition: cursor.partition }
        cursor.loseLeader(
          kafkaError(errorNumbers.LEADER_NOT_AVAILABLE, facts),
          this.#options.clock.monotonic(),
        )
        continue
      }
      const { leadership } = cursor
      if (leadership?.broker === partition.leader && leadership.epoch >= partition.leaderEpoch) {
        continue
      }
      cursor.lead({ broker: partition.leader, epoch: partition.leaderEpoch })
      this.#readers.assign(cursor)
    }
  }

  async #judge(): Promise<void> {
    for (const cursor of this.#cursors()) {
      const { obstacle } = cursor
      const judging = this.#stalled.judge(cursor, this.#options.clock.monotonic())
      const verdict = await untilAborted(judging, this.#reading.signal)
      if (this.#reading.signal.aborted) return
      if (verdict?.kind === 'warning') this.#options.observer.onWarning(verdict.error)
      // The partition may have made progress in the meantime.
      if (cursor.obstacle !== obstacle || !cursor.readable) continue
      if (verdict?.kind === 'failed') this.#fail(cursor, verdict.error)
      if (verdict?.kind === 'compacted') {
        this.#ownerOf(cursor)?.skip(cursor, { to: verdict.to, reason: 'compaction' })
      }
    }
  }

  #listener(): BrokerReaderListener {
    return {
      onBatches: (cursor, fetched, run) => {
        try {
          this.#ownerOf(cursor)?.take(cursor, fetched, run)
        } catch (error) {
          this.#fail(cursor, error)
        }
        this.#memory.relieveEarly()
        if (cursor.finished) this.#wakeSignal.notify()
      },
      onLost: (cursor) => {
        cursor.suspend()
        const { signal } = this.#reading
        const explaining = untilAborted(this.#explainLoss(cursor), signal).finally(() => {
          this.#explaining.delete(explaining)
        })
        this.#explaining.add(explaining)
      },
      onFailed: (cursor, error) => this.#fail(cursor, error),
      onLeaderLost: () => this.#wakeSignal.notify(),
      onBroken: (error) => this.#break(error),
    }
  }

  async #explainLoss(cursor: PartitionCursor): Promise<void> {
    try {
      const verdict = await judgeLoss(this.#options.cluster, cursor)
      const topic = this.#ownerOf(cursor)
      if (topic === undefined) return
      if (verdict.kind === 'there') this.#askAgain(cursor, offsetOutOfRange(cursor))
      else if (verdict.kind === 'truncated') this.#topics.beginAnew(topic, verdict.error)
      else {
        topic.skip(cursor, { to: verdict.to, reason: 'retention' })
        this.#options.observer.onWarning(verdict.error)
        this.#readers.assign(cursor)
      }
    } catch (error) {
      if (KanneryError.is(error) && error.retry !== 'never') this.#askAgain(cursor, error)
      else this.#fail(cursor, error)
    } finally {
      this.#wakeSignal.notify()
    }
  }

  /** Finds the leader again and asks it for the same offset. */
  #askAgain(cursor: PartitionCursor, error: KanneryError): void {
    cursor.resume()
    cursor.loseLeader(error, this.#options.clock.monotonic())
  }

  /** Gives a partition up that cannot be read any more. */
  #fail(cursor: PartitionCursor, error: unknown): void {
    cursor.finish()
    const topic = this.#ownerOf(cursor)
    if (topic !== undefined) this.#topics.fail(topic, error)
    this.#wakeSignal.notify()
  }

  #break(error: unknown): void {
    this.#broken ??= { error }
    this.#wakeSignal.notify()
  }

  /**
   * Finds the topic of a cursor; undefined when the topic was closed, and perhaps opened again, in
   * the meantime.
   */
  #ownerOf(cursor: PartitionCursor): TopicCapture | undefined {
    const topic = this.#topics.open.get(cursor.topic.name)
    return topic?.cursors[cursor.partition] === cursor ? topic : undefined
  }

  *#cursors(): Iterable<PartitionCursor> {
    for (const topic of this.#topics.open.values()) yield* topic.cursors
  }

  /**
   * Reports failed topics as warnings while the others continue; the error itself comes only at the
   * end.
   */
  #warnOfFailures(): void {
    const { failures } = this.#topics
    if (this.#over) return
    for (const { error } of failures.slice(this.#reportedFailures)) this.#warn(error)
    this.#reportedFailures = failures.length
  }

  #throwFailures(): void {
    if (this.#broken !== undefined) throw this.#broken.error
    const [first, ...others] = this.#topics.failures
    if (first === undefined) return
    if (this.#once) for (const { error } of others) this.#warn(error)
    throw first.error
  }

  #warn(error: unknown): void {
    if (KanneryError.is(error)) this.#options.observer.onWarning(error)
  }
}

function offsetOutOfRange({ topic, partition }: PartitionCursor): KanneryError {
  return kafkaError(errorNumbers.OFFSET_OUT_OF_RANGE, {
    api: 'Fetch',
    operation: 'Read',
    topic: topic.name,
    partition,
  })
}
