import { type Clock, KanneryError } from '@kannery/storage'
import { kafkaError } from '../cluster/errors.ts'
import type { ProduceResult } from '../protocol/produce.ts'

export interface OutgoingBatch {
  readonly partition: number
  /** With producer id, epoch and sequence in place; not touched any more. */
  readonly batch: Buffer
  readonly records: number
  /** Index of its first record in the partition's restored stream: the sequence number before it wraps around. */
  readonly firstRecord: number
}

/** What a lane needs of the world. */
export interface LanePort {
  readonly clock: Clock
  readonly topic: string
  /** Sends to the present leader, in the order of the calls. Rejects when the connection breaks: the outcome is unknown then. */
  send(batch: OutgoingBatch): Promise<ProduceResult>
  /** Finds out who leads the partition now. */
  refreshLeader(): Promise<void>
  onAcknowledged(batch: OutgoingBatch): void
  onFailed(error: unknown): void
}

/** Brokers remember the last five batches of a producer: only within those do they tell a repetition from news. */
const maxUnanswered = 5
/** As delivery.timeout.ms of the Java client. */
const patienceMs = 120_000
const firstBackoffMs = 100
const greatestBackoffMs = 2000

const outOfOrderSequence = 45
const duplicateSequence = 46

interface Entry {
  readonly batch: OutgoingBatch
  appended: boolean
}

/**
 * One partition of an idempotent producer. Batches are appended in the order they were given, each exactly once: up to five
 * are unanswered; when one fails for a passing reason, the lane lets the others be answered, looks for the leader, and sends
 * again in order from the first one that is not appended. The broker recognises by the sequence what it has already.
 */
export class PartitionLane {
  readonly #port: LanePort
  readonly #startOffset: number
  readonly #queue: Entry[] = []
  /** Entries before this one are sent. */
  #next = 0
  #unanswered = 0
  #failure: { readonly error: unknown; readonly since: number } | undefined
  #backoffMs = firstBackoffMs
  #dead = false

  /** `startOffset`: where the first record must land. */
  constructor(port: LanePort, startOffset: number) {
    this.#port = port
    this.#startOffset = startOffset
  }

  get idle(): boolean {
    return this.#queue.length === 0
  }

  enqueue(batch: OutgoingBatch): void {
    this.#queue.push({ batch, appended: false })
    this.#pump()
  }

  #pump(): void {
    while (!this.#dead && this.#failure === undefined && this.#unanswered < maxUnanswered) {
      const entry = this.#queue[this.#next]
      if (entry === undefined) return
      this.#next += 1
      if (!entry.appended) void this.#send(entry)
    }
  }

  async #send(entry: Entry): Promise<void> {
    this.#unanswered += 1
    try {
      this.#judge(entry, await this.#port.send(entry.batch))
    } catch (error) {
      this.#judgeError(error)
    }
    this.#unanswered -= 1
    if (this.#dead) return
    if (this.#failure === undefined) this.#pump()
    else if (this.#unanswered === 0) await this.#recover()
  }

  #judge(entry: Entry, result: ProduceResult): void {
    const { errorCode, baseOffset } = result
    if (errorCode === 0) this.#assertOffset(entry.batch, baseOffset)
    if (errorCode === 0 || errorCode === duplicateSequence) {
      this.#acknowledge(entry)
      return
    }
    // A batch behind one that failed comes out of order: it is sent again together with that one.
    if (errorCode === outOfOrderSequence && this.#failure !== undefined) return
    const { topic } = this.#port
    const { partition } = entry.batch
    const reason = result.recordErrors[0]?.message ?? result.errorMessage
    throw kafkaError(errorCode, {
      api: 'Produce',
      operation: 'Write',
      topic,
      partition,
      ...(reason === null ? {} : { detail: reason }),
    })
  }

  #acknowledge(entry: Entry): void {
    entry.appended = true
    this.#backoffMs = firstBackoffMs
    for (let head = this.#queue[0]; head?.appended === true; head = this.#queue[0]) {
      this.#queue.shift()
      this.#next -= 1
      this.#port.onAcknowledged(head.batch)
    }
  }

  #judgeError(error: unknown): void {
    const passing = KanneryError.is(error) && error.retry !== 'never'
    if (!passing) {
      this.#die(error)
      return
    }
    this.#failure ??= { error, since: this.#port.clock.monotonic() }
  }

  async #recover(): Promise<void> {
    const { clock } = this.#port
    const since = this.#failure?.since ?? clock.monotonic()
    for (;;) {
      const error = this.#failure?.error
      if (clock.monotonic() - since + this.#backoffMs > patienceMs) {
        this.#die(error)
        return
      }
      try {
        await clock.sleep(this.#backoffMs)
        this.#backoffMs = Math.min(this.#backoffMs * 2, greatestBackoffMs)
        if (this.#dead) return
        await this.#port.refreshLeader()
        break
      } catch (refreshError) {
        this.#judgeError(refreshError)
        if (this.#dead) return
      }
    }
    this.#next = 0
    this.#failure = undefined
    this.#pump()
  }

  #die(error: unknown): void {
    if (this.#dead) return
    this.#dead = true
    this.#port.onFailed(error)
  }

  /** Nobody else may write into the topic meanwhile, and nothing of ours may be lost. */
  #assertOffset({ partition, firstRecord }: OutgoingBatch, baseOffset: number): void {
    const expected = this.#startOffset + firstRecord
    if (baseOffset === expected) return
    const { topic } = this.#port
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
