import type { KanneryError } from '@kannery/storage'
import type { FetchedPartition, FetchPosition, FetchTopic } from '../protocol/fetch.ts'
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

/** Where the capture of one partition is. */
export class PartitionCursor {
  readonly topic: FetchTopic
  readonly partition: number
  readonly end: number | undefined
  #next: number
  #lastEpoch: number
  #leadership: Leadership | undefined
  #maxBytes = 0
  #position: FetchPosition | undefined
  #highWatermark = -1
  #lastStableOffset = -1
  #answered = false
  #finished = false
  #suspended = false
  #stalledSince: number | undefined
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

  /** Since when, by the monotonic clock, answers have brought nothing for it; undefined: they do. */
  get stalledSince(): number | undefined {
    return this.#stalledSince
  }

  /** Why it cannot be read at the moment. */
  get error(): KanneryError | undefined {
    return this.#error
  }

  /** False once all is read that this run is to read. */
  get hasMore(): boolean {
    return this.end === undefined || this.#next < this.end
  }

  /** Records below the last stable offset wait; all the rest is held back by an open transaction. */
  get heldByTransaction(): boolean {
    const bound = this.end ?? this.#highWatermark
    return (
      this.#lastStableOffset >= 0 &&
      this.#next >= this.#lastStableOffset &&
      this.#next < bound &&
      this.#highWatermark >= bound
    )
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

  lead(leadership: Leadership | undefined): void {
    this.#leadership = leadership
    this.#position = undefined
  }

  /** Takes note of an answer without an error. */
  advance(fetched: FetchedPartition, run: BatchRun): void {
    this.#highWatermark = fetched.highWatermark
    this.#lastStableOffset = fetched.lastStableOffset
    this.#answered = true
    this.#error = undefined
    this.#maxBytes = run.neededBytes
    if (run.nextOffset !== undefined) {
      this.#stalledSince = undefined
      this.#next = run.nextOffset
      this.#lastEpoch = run.leaderEpoch
    }
    if (run.nextOffset !== undefined || run.neededBytes > 0) this.#position = undefined
    if (!this.hasMore) this.#finished = true
  }

  /** An answer had nothing for it. */
  stall(now: number): void {
    this.#stalledSince ??= now
  }

  /** It cannot be read where it was; its leader has to be found again. */
  loseLeader(error: KanneryError, now: number): void {
    this.#error = error
    this.#stalledSince ??= now
    this.lead(undefined)
  }

  /** It is not read until somebody decides what becomes of it; it is not done either. */
  suspend(): void {
    this.#suspended = true
  }

  /** Nothing more will be read. */
  finish(): void {
    this.#finished = true
  }

  /** The wait begins anew. */
  resetStall(): void {
    this.#stalledSince = undefined
  }

  get answered(): boolean {
    return this.#answered
  }
}
