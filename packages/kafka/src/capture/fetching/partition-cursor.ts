import type { KanneryError } from '@kannery/storage'
import type { FetchedPartition, FetchPosition, FetchTopic } from '../../protocol/fetch.ts'
import type { BatchRun } from './batch-run.ts'

export interface CursorStart {
  /** Where to read on. */
  readonly next: number
  /** Epoch of the last batch before `next`; −1 when unknown. */
  readonly lastEpoch: number
  /** Where this run ends; undefined: it follows. */
  readonly end: number | undefined
}

/** Who leads a partition, by the latest metadata. */
export interface Leadership {
  readonly broker: number
  readonly epoch: number
}

export type ObstacleKind =
  /** It cannot be read where it was; the cursor's `error` is the reason. */
  | 'error'
  /** Its log ends before the offset at which this run ends. */
  | 'log-shrank'
  /** An open transaction holds back everything that is left. */
  | 'transaction'
  /** Its leader serves nothing, although its last stable offset is further on. */
  | 'silence'

/** What keeps a partition from going on, by the latest answer or error. */
export interface Obstacle {
  readonly kind: ObstacleKind
  /** Since when without a break, by the monotonic clock in milliseconds. */
  readonly since: number
}

/** Where the capture of one partition is. */
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

  get next(): number {
    return this.#next
  }

  /** Leader epoch of the last batch before `next`; −1 when unknown. */
  get lastEpoch(): number {
    return this.#lastEpoch
  }

  /** −1 until the first answer. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  get lastStableOffset(): number {
    return this.#lastStableOffset
  }

  get leadership(): Leadership | undefined {
    return this.#leadership
  }

  /** Nothing more is to be read, or can be. */
  get finished(): boolean {
    return this.#finished
  }

  /** False while it is found out why it cannot be read, and when nothing more is to be read. */
  get readable(): boolean {
    return !this.#finished && !this.#suspended
  }

  /**
   * What it waits for; undefined while answers bring records, and when there are none to be
   * brought.
   */
  get obstacle(): Obstacle | undefined {
    return this.#obstacle
  }

  /** Answers without a record of any partition, since the obstacle is there. */
  get quietAnswers(): number {
    return this.#quietAnswers
  }

  /** Why it cannot be read at the moment. */
  get error(): KanneryError | undefined {
    return this.#error
  }

  /** False once all is read that this run is to read. */
  get hasMore(): boolean {
    return this.end === undefined || this.#next < this.end
  }

  /** What to ask for. The same object as long as nothing changed. */
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
   * False when it is known that a later epoch began: the metadata is of a broker that is behind
   * (KIP-320).
   */
  mayBeOfEpoch(epoch: number): boolean {
    return epoch < 0 || epoch >= this.#greatestEpoch
  }

  lead(leadership: Leadership | undefined): void {
    this.#leadership = leadership
    this.#greatestEpoch = Math.max(this.#greatestEpoch, leadership?.epoch ?? -1)
    this.#position = undefined
  }

  /** Takes note of an answer without an error. */
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
   * Nothing before `offset` will come. The epoch of what comes before it is not known: it was never
   * read.
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
   * Takes note of an answer that had nothing for it; `quiet`: nor for any other partition, for no
   * other reason.
   */
  stall(now: number, { quiet }: { readonly quiet: boolean }): void {
    if (this.#error !== undefined) return
    this.#meet(this.#whatHinders(), now)
    if (quiet) this.#quietAnswers += 1
  }

  /** It cannot be read where it was; its leader has to be found again. */
  loseLeader(error: KanneryError, now: number): void {
    this.#error = error
    this.#meet('error', now)
    this.lead(undefined)
  }

  /** It is not read until it is decided what becomes of it; it is not done either. */
  suspend(): void {
    this.#suspended = true
  }

  /** It is read again, where `suspend` left it. */
  resume(): void {
    this.#suspended = false
  }

  /** Nothing more will be read. */
  finish(): void {
    this.#finished = true
  }

  /** Forgets the obstacle: where it is still there, the time counts from the next answer. */
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
