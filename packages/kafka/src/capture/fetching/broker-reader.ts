import { type Clock, KanneryError } from '@kannery/storage'
import { kafkaError } from '../../cluster/errors.ts'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import { untilAborted } from '../../concurrency/until-aborted.ts'
import { WakeSignal } from '../../concurrency/wake-signal.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import {
  decodeFetchResponse,
  encodeFetchRequest,
  type FetchedPartition,
  type FetchPosition,
  type FetchResponse,
  fetchApi,
  topicKey,
} from '../../protocol/fetch.ts'
import { FetchSession } from '../../protocol/fetch-session.ts'
import type { BrokerConnection } from '../../transport/broker-connection.ts'
import { requestOf } from '../../transport/broker-request.ts'
import { decodeAnswer } from '../../transport/decode-answer.ts'
import type { FetchGate } from '../memory/fetch-gate.ts'
import { type BatchRun, glanceAtBatches } from './batch-run.ts'
import type { PartitionCursor } from './partition-cursor.ts'

/**
 * Receives what a reader finds out about partitions. Every method is called synchronously and must
 * not throw.
 */
export interface BrokerReaderListener {
  /** Takes batches that follow those before. `fetched.records` is valid during the call only. */
  onBatches(cursor: PartitionCursor, fetched: FetchedPartition, run: BatchRun): void
  /**
   * The broker does not have `cursor.next`, or not after the leader epoch that was read before it.
   */
  onLost(cursor: PartitionCursor): void
  /** The partition failed permanently. */
  onFailed(cursor: PartitionCursor, error: KanneryError): void
  /** Some partition has another leader, or the broker is gone: the metadata must be read again. */
  onLeaderLost(): void
  /** The broker failed permanently. The reader has stopped. */
  onBroken(error: unknown): void
}

/** What a reader of one broker needs. */
export interface BrokerReaderOptions {
  readonly broker: number
  readonly cluster: Pick<KafkaCluster, 'openConnection'>
  readonly clock: Clock
  readonly listener: BrokerReaderListener
  /** Bound for one answer, bytes. */
  readonly maxBytes: number
  /** Holds fetches back until there is memory for their answers. */
  readonly gate: Pick<FetchGate, 'hasRoom' | 'waitForRoom'>
  /** Stops the reader when it is aborted. */
  readonly signal: AbortSignal
}

/** A fetch request that was sent. */
interface Asked {
  readonly answer: Promise<Buffer>
  readonly version: number
  /** When it was sent, by the monotonic clock in milliseconds. */
  readonly at: number
  /** Partitions that were asked for, by the name that the answer uses. */
  readonly cursors: ReadonlyMap<string, PartitionCursor>
  readonly positions: ReadonlyMap<string, FetchPosition>
}

/** Batches of one partition out of an answer. */
interface Taken {
  readonly cursor: PartitionCursor
  readonly fetched: FetchedPartition
  readonly run: BatchRun
}

/** What an answer brought. */
interface TakenAnswer {
  readonly taken: readonly Taken[]
  readonly bytes: number
  /** A partition is silent. So is one that the broker has lost from its fetch session. */
  readonly doubtful: boolean
}

const maxWaitMs = 500
/** Quiet answers after which a silent partition is asked for by name again, in a new session. */
const doubtfulAnswers = 2
const leastPartitionBytes = 1024 * 1024
/** Pause after an empty answer that came at once, which would be asked for again at once. */
const pauseMs = 100
const greatestBackoffMs = 5000

/**
 * Reads all partitions that one broker leads, over one connection: many partitions in one request,
 * and one request ahead: the next answer is on its way while the batches of this one are copied.
 */
export class BrokerReader {
  readonly #options: BrokerReaderOptions
  readonly #cursors = new Set<PartitionCursor>()
  readonly #wakeSignal: WakeSignal
  #backoffMs = pauseMs

  constructor(options: BrokerReaderOptions) {
    this.#options = options
    this.#wakeSignal = new WakeSignal(options.clock)
    options.signal.addEventListener('abort', () => this.#wakeSignal.notify(), { once: true })
  }

  /** Adds a partition to those that are read from this broker. */
  assign(cursor: PartitionCursor): void {
    this.#cursors.add(cursor)
    this.#wakeSignal.notify()
  }

  /** Reads until the signal is aborted. Resolves when nothing more will be delivered. */
  async run(): Promise<void> {
    const { signal, listener } = this.#options
    while (!signal.aborted) {
      try {
        if (this.#wanted().length === 0) await this.#wakeSignal.wait(maxWaitMs)
        else await this.#connectAndFetch()
      } catch (error) {
        if (signal.aborted) return
        if (!KanneryError.is(error) || error.retry === 'never') {
          listener.onBroken(error)
          return
        }
        await this.#backOff(error)
      }
    }
  }

  async #connectAndFetch(): Promise<void> {
    const { cluster, broker, signal } = this.#options
    const opening = cluster.openConnection(broker)
    await using connection = await untilAborted(opening, signal)
    if (connection === undefined) {
      opening.then(
        (opened) => opened[Symbol.asyncDispose](),
        () => undefined,
      )
      return
    }
    const close = (): void => void connection[Symbol.asyncDispose]()
    signal.addEventListener('abort', close, { once: true })
    try {
      await this.#fetch(connection)
    } finally {
      signal.removeEventListener('abort', close)
    }
  }

  async #fetch(connection: BrokerConnection): Promise<void> {
    const { gate, maxBytes } = this.#options
    const session = new FetchSession()
    await gate.waitForRoom(maxBytes)
    let asked = this.#ask(connection, session)
    while (asked !== undefined) {
      const frame = await asked.answer
      if (this.#options.signal.aborted) return
      const answer = this.#decode(connection, frame, asked.version)
      this.#backoffMs = pauseMs
      const { taken, bytes, doubtful } = session.answered(answer)
        ? this.#take(asked, answer)
        : { taken: [], bytes: 0, doubtful: false }
      if (doubtful) session.restart()
      const ahead = bytes > 0 && gate.hasRoom(bytes + maxBytes)
      const next = ahead ? this.#ask(connection, session) : undefined
      for (const { cursor, fetched, run } of taken) {
        this.#options.listener.onBatches(cursor, fetched, run)
      }
      if (!ahead) await this.#beforeNext(asked, bytes)
      asked = ahead ? next : this.#ask(connection, session)
    }
  }

  /** Sends the next fetch; undefined when there is nothing to read from this broker. */
  #ask(connection: BrokerConnection, session: FetchSession): Asked | undefined {
    const wanted = this.#wanted()
    if (wanted.length === 0 || this.#options.signal.aborted) return undefined
    const version = pickVersion(connection, wanted)
    const { maxBytes } = this.#options
    const partitionBytes = Math.max(leastPartitionBytes, Math.floor(maxBytes / wanted.length))
    const cursors = new Map<string, PartitionCursor>()
    const positions = new Map<string, FetchPosition>()
    for (const cursor of wanted) {
      const key = answerKey(topicKey(cursor.topic, version), cursor.partition)
      cursors.set(key, cursor)
      positions.set(key, cursor.position(partitionBytes))
    }
    const body = encodeFetchRequest({
      version,
      // Partitions that were read to their end are asked for once: the log may contradict the
      // backup.
      maxWaitMs: wanted.some(({ hasMore }) => hasMore) ? maxWaitMs : 0,
      minBytes: 1,
      maxBytes,
      ...session.next(positions),
    })
    const answer = connection.request({ ...requestOf(fetchApi, version, [body]), slab: true })
    // The failure is handled when the answer's turn comes.
    answer.catch(() => undefined)
    return { answer, version, at: this.#options.clock.monotonic(), cursors, positions }
  }

  #decode(connection: BrokerConnection, frame: Buffer, version: number): FetchResponse {
    const answer = decodeAnswer(connection, 'Fetch', () => decodeFetchResponse(frame, version))
    connection.throttle(answer.throttleTimeMs)
    return answer
  }

  /** Advances the cursors, and returns the batches to hand over. */
  #take(asked: Asked, answer: FetchResponse): TakenAnswer {
    if (answer.errorCode !== errorNumbers.NONE) {
      throw kafkaError(answer.errorCode, { api: 'Fetch', operation: 'Read' })
    }
    const taken: Taken[] = []
    let bytes = 0
    let rejected = false
    for (const fetched of answer.partitions) {
      const key = answerKey(fetched.topicKey, fetched.partition)
      const cursor = asked.cursors.get(key)
      // Another reader may have advanced the cursor in the meantime.
      if (cursor?.readable !== true) continue
      if (asked.positions.get(key)?.fetchOffset !== cursor.next) continue
      if (this.#reject(cursor, fetched)) {
        rejected = true
        continue
      }
      const run = glanceAtBatches(fetched.records)
      cursor.advance(fetched, run)
      bytes += fetched.records.length
      if (fetched.records.length > 0) taken.push({ cursor, fetched, run })
    }
    const throttled = answer.throttleTimeMs > 0
    const quiet = bytes === 0 && !rejected && !throttled
    // A broker whose quota is used up answers without any partition (KIP-219).
    if (!throttled || answer.partitions.length > 0) this.#noteSilence(asked, quiet)
    return { taken, bytes, doubtful: quiet && hasSilent(asked) }
  }

  /** Handles an answer for a partition that is an error. Returns false when it is none. */
  #reject(cursor: PartitionCursor, { errorCode, diverging }: FetchedPartition): boolean {
    const { listener, clock } = this.#options
    if (diverging !== undefined || errorCode === errorNumbers.OFFSET_OUT_OF_RANGE) {
      listener.onLost(cursor)
      return true
    }
    if (errorCode === errorNumbers.NONE) return false
    const { topic, partition } = cursor
    const facts = { api: 'Fetch', operation: 'Read', topic: topic.name, partition }
    const error = kafkaError(errorCode, facts)
    // Like the Java consumer, ask again after an unknown error: it may pass, as a disk's trouble
    // does.
    if (error.retry === 'never' && errorCode !== errorNumbers.UNKNOWN_SERVER_ERROR) {
      listener.onFailed(cursor, error)
    } else {
      cursor.loseLeader(error, clock.monotonic())
      listener.onLeaderLost()
    }
    return true
  }

  /**
   * Notes which partitions the answer brought nothing for. An answer is quiet when it has no record
   * and no error and was not throttled: then every partition had the whole answer to itself.
   */
  #noteSilence(asked: Asked, quiet: boolean): void {
    const now = this.#options.clock.monotonic()
    for (const [key, cursor] of asked.cursors) {
      if (!cursor.readable || asked.positions.get(key)?.fetchOffset !== cursor.next) continue
      cursor.stall(now, { quiet })
    }
  }

  async #beforeNext({ at }: Asked, bytes: number): Promise<void> {
    const { clock, gate, maxBytes } = this.#options
    const early = bytes === 0 && clock.monotonic() - at < maxWaitMs / 2
    if (early && this.#wanted().some(({ hasMore }) => hasMore)) await this.#wakeSignal.wait(pauseMs)
    await gate.waitForRoom(maxBytes)
  }

  /** Lists the partitions that are to be read from this broker; forgets the others. */
  #wanted(): readonly PartitionCursor[] {
    for (const cursor of this.#cursors) {
      const ours = cursor.leadership?.broker === this.#options.broker
      if (!cursor.readable || !ours) this.#cursors.delete(cursor)
    }
    return [...this.#cursors]
  }

  async #backOff(error: KanneryError): Promise<void> {
    const { clock, listener } = this.#options
    for (const cursor of this.#wanted()) cursor.loseLeader(error, clock.monotonic())
    listener.onLeaderLost()
    await this.#wakeSignal.wait(this.#backoffMs)
    this.#backoffMs = Math.min(2 * this.#backoffMs, greatestBackoffMs)
  }
}

/**
 * Whether a partition was silent for exactly that many answers. After more of them it is judged.
 */
function hasSilent({ cursors }: Asked): boolean {
  for (const { obstacle, quietAnswers, readable } of cursors.values()) {
    if (readable && obstacle?.kind === 'silence' && quietAnswers === doubtfulAnswers) return true
  }
  return false
}

function pickVersion(connection: BrokerConnection, wanted: readonly PartitionCursor[]): number {
  const identified = wanted.every(({ topic }) => topic.topicIdBytes.some((byte) => byte !== 0))
  const greatest = identified ? fetchApi.greatest : fetchApi.byTopicId - 1
  return connection.pickVersion({ ...fetchApi, greatest })
}

function answerKey(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
