import { type Clock, KanneryError } from '@kannery/storage'
import { kafkaError } from '../../cluster/errors.ts'
import { Fifo } from '../../concurrency/fifo.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import type { ProduceResult } from '../../protocol/produce.ts'

export interface OutgoingBatch {
  readonly partition: number
  /** The batch with producer id, epoch and sequence. It is not changed any more. */
  readonly batch: Buffer
  readonly records: number
  /**
   * Index of its first record in the partition's restored stream: the sequence number before it
   * wraps around.
   */
  readonly firstRecord: number
}

/** What a lane needs from its producer. */
export interface LanePort {
  readonly clock: Clock
  readonly topic: string
  /** Id of the partition's leader by the latest metadata. Undefined while it has none. */
  leader(): number | undefined
  /**
   * Sends to the broker `leader`, in the order of the calls. Rejects when the connection breaks:
   * the outcome is unknown then.
   */
  send(batch: OutgoingBatch, leader: number | undefined): Promise<ProduceResult>
  /** Asks the cluster for the partition's present leader. */
  refreshLeader(): Promise<void>
  /** Called once for each batch, in their order. */
  onAcknowledged(batch: OutgoingBatch): void
  /** Called when the partition failed permanently: the lane then sends nothing any more. */
  onFailed(error: unknown): void
}

/** Brokers remember the last five batches of a producer, and recognise repetitions of those. */
const maxUnanswered = 5
/** How long a lane may make no progress, as delivery.timeout.ms of the Java client. */
const patienceMs = 120_000
const firstBackoffMs = 100
const greatestBackoffMs = 2000

interface Entry {
  readonly batch: OutgoingBatch
  appended: boolean
}

/**
 * One partition of an idempotent producer. Batches are appended in the order of the calls, each
 * exactly once. Up to five are unanswered. If one fails for a passing reason, the lane waits for
 * the answers to the others, looks for the leader, and sends again in order from the first one that
 * is not appended. The broker recognises by the sequence what it has already.
 */
export class PartitionLane {
  readonly #port: LanePort
  readonly #partition: number
  readonly #startOffset: number
  readonly #queue = new Fifo<Entry>()
  readonly #closing = new AbortController()
  readonly #quiet = Promise.withResolvers<void>()
  /** Entries before this one are sent. */
  #next = 0
  #unanswered = 0
  /** The broker that the unanswered batches were sent to. */
  #leader: number | undefined
  #failure: unknown
  /** When the present failure began, on the monotonic clock. */
  #stuckSince: number | undefined
  #backoffMs = firstBackoffMs

  /** `startOffset`: where the first record must land. */
  constructor(port: LanePort, partition: number, startOffset: number) {
    this.#port = port
    this.#partition = partition
    this.#startOffset = startOffset
  }

  enqueue(batch: OutgoingBatch): void {
    this.#queue.push({ batch, appended: false })
    this.#pump()
  }

  /**
   * Stops sending. Resolves when everything that was sent is answered, or no answer can come any
   * more.
   */
  async close(): Promise<void> {
    this.#closing.abort()
    if (this.#unanswered > 0) await this.#quiet.promise
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted
  }

  #pump(): void {
    while (!this.#closed && this.#failure === undefined && this.#unanswered < maxUnanswered) {
      const entry = this.#queue.at(this.#next)
      if (entry === undefined) return
      this.#next += 1
      if (!entry.appended) void this.#send(entry)
    }
  }

  async #send(entry: Entry): Promise<void> {
    // Metadata that another lane asked for may name a new leader: it gets nothing before the old
    // one has answered everything.
    if (this.#unanswered === 0) this.#leader = this.#port.leader()
    this.#unanswered += 1
    try {
      this.#judge(entry, await this.#port.send(entry.batch, this.#leader))
    } catch (error) {
      this.#judgeError(error)
    }
    this.#unanswered -= 1
    if (this.#unanswered === 0 && this.#closed) this.#quiet.resolve()
    if (this.#failure === undefined) this.#pump()
    else if (this.#unanswered === 0 && !this.#closed) await this.#recover()
  }

  #judge(entry: Entry, result: ProduceResult): void {
    const { errorCode, baseOffset } = result
    if (errorCode === errorNumbers.NONE) this.#assertOffset(entry.batch, baseOffset)
    if (errorCode === errorNumbers.NONE || errorCode === errorNumbers.DUPLICATE_SEQUENCE_NUMBER) {
      this.#acknowledge(entry)
      return
    }
    const error = this.#errorOf(result)
    const isOldest = entry === this.#queue.at(0)
    if (errorCode !== errorNumbers.OUT_OF_ORDER_SEQUENCE_NUMBER || isOldest) throw error
    // One before it is missing at the broker: both are sent again, in order, once all are answered.
    this.#failure ??= error
    this.#stuckSince ??= this.#port.clock.monotonic()
  }

  #errorOf({ errorCode, errorMessage, recordErrors }: ProduceResult): KanneryError {
    const reason = recordErrors[0]?.message ?? errorMessage
    return kafkaError(errorCode, {
      api: 'Produce',
      operation: 'Write',
      topic: this.#port.topic,
      partition: this.#partition,
      detail: reason ?? undefined,
    })
  }

  #acknowledge(entry: Entry): void {
    entry.appended = true
    this.#backoffMs = firstBackoffMs
    this.#stuckSince = undefined
    for (let head = this.#queue.at(0); head?.appended === true; head = this.#queue.at(0)) {
      this.#queue.shift()
      this.#next -= 1
      this.#port.onAcknowledged(head.batch)
    }
  }

  #judgeError(error: unknown): void {
    const passing = KanneryError.is(error) && error.retry !== 'never'
    this.#failure = error
    this.#stuckSince ??= this.#port.clock.monotonic()
    if (!passing) this.#fail(error)
  }

  async #recover(): Promise<void> {
    while (!this.#closed) {
      const { clock } = this.#port
      const stuckMs = clock.monotonic() - (this.#stuckSince ?? clock.monotonic())
      if (stuckMs + this.#backoffMs > patienceMs) {
        this.#fail(this.#failure)
        return
      }
      try {
        await clock.sleep(this.#backoffMs, this.#closing.signal)
        this.#backoffMs = Math.min(this.#backoffMs * 2, greatestBackoffMs)
        await this.#port.refreshLeader()
        this.#sendAgain()
        return
      } catch (error) {
        if (!this.#closed) this.#judgeError(error)
      }
    }
  }

  #sendAgain(): void {
    this.#next = 0
    this.#failure = undefined
    this.#pump()
  }

  #fail(error: unknown): void {
    if (this.#closed) return
    this.#closing.abort()
    this.#port.onFailed(error)
  }

  /** Fails if another producer writes into the topic, or if one of our batches is lost. */
  #assertOffset({ firstRecord }: OutgoingBatch, baseOffset: number): void {
    const expected = this.#startOffset + firstRecord
    if (baseOffset === expected) return
    const { topic } = this.#port
    const partition = this.#partition
    throw new KanneryError(
      'KAFKA_TOPIC_NOT_EMPTY',
      `something else writes into partition ${partition} of topic "${topic}"`,
      {
        why: `a batch landed at offset ${baseOffset} instead of ${expected}`,
        remedy: 'Stop what writes into the topic, delete the topic, and restore it again.',
        facts: { topic, partition, offset: baseOffset, expected },
      },
    )
  }
}
