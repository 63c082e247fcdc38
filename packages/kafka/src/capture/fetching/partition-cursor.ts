import type { KanneryError } from '@kannery/storage'
import type { FetchedPartition, FetchPosition, FetchTopic } from '../../protocol/fetch.ts'
import type { BatchRun } from './batch-run.ts'

/** Where the capture of a partition starts and ends. */
export interface CursorStart {
  /** Offset to continue at. */
  readonly next: number
  /** Leader epoch of the last batch before `next`; −1 when unknown. */
  readonly lastEpoch: number
  /** Offset at which the run ends; undefined when the run follows the topic. */
  readonly end: number | undefined
}

/** The leader of a partition by the latest metadata. */
interface Leadership {
  readonly broker: number
  readonly epoch: number
}

/** What kind of obstacle keeps a partition from making progress. */
export type ObstacleKind =
  /** The partition cannot be read where it was; the cursor's `error` is the reason. */
  | 'error'
  /** The log ends before the offset at which the run ends. */
  | 'log-shrank'
  /** An open transaction holds back everything that is left. */
  | 'transaction'
  /** The leader serves nothing, although its last stable offset is further on. */
  | 'silence'

/** What keeps a partition from making progress, by the latest answer or error. */
export interface Obstacle {
  readonly kind: ObstacleKind
  /** When it began, without a break since, by the monotonic clock in milliseconds. */
  readonly since: number
}

/** The progress of the capture in one partition. */
export class PartitionCursor {
  readonly topic: FetchTopic
  readonly partition: number
  readonly end: number | undefined
  #next: number
  #lastEpoch: number
  #leadership: Leadership | undefined
  #greatestEpoch = -1
  #maxBytes = 0
  #position: FetchPosition | undefined
  #highWatermark = -1
  #lastStableOffset = -1
  #answered = false
  #finished = false
  #suspended = false
  #obstacle: Obstacle | undefined
  #quietAnswers = 0
  #error: KanneryError | undefined

  constructor(topic: FetchTopic, partition: number, { next, lastEpoch, end }: CursorStart) {
    this.topic = topic
    this.partition = partition
    this.end = end
    this.#next = next
    this.#lastEpoch = lastEpoch
  }

  /** Offset to continue at. */
  get next(): number {
    return this.#next
  }

  /** Leader epoch of the last batch before `next`; −1 when unknown. */
  get lastEpoch(): number {
    return this.#lastEpoch
  }

  /** High watermark by the latest answer; −1 until the first answer. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  /** Last stable offset by the latest answer; −1 until the first answer. */
  get lastStableOffset(): number {
    return this.#lastStableOffset
  }

  /** The broker to read from; undefined while the leader is unknown. */
  get leadership(): Leadership | undefined {
    return this.#leadership
  }

  /** True when nothing more is to be read, or can be read. */
  get finished(): boolean {
    return this.#finished
  }

  /**
   * False when nothing more is to be read, and while it is examined why the partition cannot be
   * read.
   */
  get readable(): boolean {
    return !this.#finished && !this.#suspended
  }

  /**
   * What the partition waits for; undefined while answers bring records, and when there are none.
   */
  get obstacle(): Obstacle | undefined {
    return this.#obstacle
  }

  /** Number of answers without a record of any partition since the obstacle arose. */
  get quietAnswers(): number {
    return this.#quietAnswers
  }

  /** Why the partition cannot be read at the moment. */
  get error(): KanneryError | undefined {
    return this.#error
  }

  /** False once everything is read that the run is to read. */
  get hasMore(): boolean {
    return this.end === undefined || this.#next < this.end
  }

  /** Returns the position to fetch from: the same object as long as nothing changed. */
  position(maxBytes: number): FetchPosition {
    const bytes = Math.max(maxBytes, this.#maxBytes)
    if (this.#position?.maxBytes !== bytes) this.#position = undefined
    this.#position ??= {
      topic: this.topic,
      partition: this.partition,
      fetchOffset: this.#next,
      currentLeaderEpoch: this.#leadership?.epoch ?? -1,
      lastFetchedEpoch: this.#lastEpoch,
      maxBytes: bytes,
    }
    return this.#position
  }

  /**
   * Whether metadata of this leader epoch may be current. False when a later epoch is known: the
   * metadata comes from a broker that lags behind (KIP-320).
   */
  mayBeOfEpoch(epoch: number): boolean {
    return epoch < 0 || epoch >= this.#greatestEpoch
  }

  /** Sets the leader to read from. */
  lead(leadership: Leadership | undefined): void {
    this.#leadership = leadership
    this.#greatestEpoch = Math.max(this.#greatestEpoch, leadership?.epoch ?? -1)
    this.#position = undefined
  }

  /** Notes an answer without an error, and advances past its whole batches. */
  advance(fetched: FetchedPartition, run: BatchRun): void {
    this.#highWatermark = fetched.highWatermark
    this.#lastStableOffset = fetched.lastStableOffset
    this.#answered = true
    if (this.#error !== undefined) this.waitAnew()
    this.#error = undefined
    this.#maxBytes = run.neededBytes
    if (run.nextOffset !== undefined) {
      this.waitAnew()
      this.#next = run.nextOffset
      this.#lastEpoch = run.leaderEpoch
    }
    if (run.nextOffset !== undefined || run.neededBytes > 0) this.#position = undefined
    if (!this.hasMore) this.#finished = true
  }

  /**
   * Continues at `offset`: nothing before it will come. The leader epoch before it was never read
   * and is unknown.
   */
  skipTo(offset: number): void {
    this.#next = offset
    this.#lastEpoch = -1
    this.#position = undefined
    this.#error = undefined
    this.#suspended = false
    this.waitAnew()
    if (!this.hasMore) this.#finished = true
  }

  /**
   * Notes an answer that had nothing for the partition. `quiet`: nor for any other partition, for
   * no other reason.
   */
  stall(now: number, { quiet }: { readonly quiet: boolean }): void {
    if (this.#error !== undefined) return
    this.#meet(this.#whatHinders(), now)
    if (quiet) this.#quietAnswers += 1
  }

  /** Notes that the partition cannot be read where it was. Its leader must be found again. */
  loseLeader(error: KanneryError, now: number): void {
    this.#error = error
    this.#meet('error', now)
    this.lead(undefined)
  }

  /** Stops reading the partition until it is decided how to continue. It is not finished. */
  suspend(): void {
    this.#suspended = true
  }

  /** Reads the partition again, from where `suspend` stopped it. */
  resume(): void {
    this.#suspended = false
  }

  /** Marks the partition as finished: nothing more will be read. */
  finish(): void {
    this.#finished = true
  }

  /** Forgets the obstacle. If it persists, its time counts from the next answer. */
  waitAnew(): void {
    this.#obstacle = undefined
  }

  #meet(kind: ObstacleKind | undefined, now: number): void {
    if (this.#obstacle?.kind === kind) return
    this.#obstacle = kind === undefined ? undefined : { kind, since: now }
    this.#quietAnswers = 0
  }

  #whatHinders(): ObstacleKind | undefined {
    const bound = this.end ?? this.#highWatermark
    if (!this.#answered || this.#next >= bound) return undefined
    if (this.#highWatermark < bound) return 'log-shrank'
    return this.#next < this.#lastStableOffset ? 'silence' : 'transaction'
  }
}
