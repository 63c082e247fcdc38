import type { HostPort } from '../configuration/connection-options.ts'
import { FrameReader } from '../protocol/frame-reader.ts'
import { protocolError } from './errors.ts'
import { type SlabNumber, SlabPair } from './slab-pair.ts'

/**
 * Bound for every answer. A fetch is bounded by its own maxBytes, but always brings at least one
 * whole batch; brokers accept batches up to `message.max.bytes`, which defaults to 1 MiB.
 */
const maxFrameBytes = 256 * 1024 * 1024

/** An answer that is due, and who waits for it. */
export interface PendingAnswer {
  /** Whether the response header ends with tagged fields (KIP-482). */
  readonly taggedFields: boolean
  /** The slab that the frame goes into; undefined: memory of its own. */
  readonly slab: SlabNumber | undefined
  /** Receives the frame after the response header. */
  resolve(frame: Buffer): void
  reject(error: Error): void
}

interface Sent extends PendingAnswer {
  readonly correlationId: number
  readonly sentAt: number
}

/**
 * The unanswered requests of one connection, and the memory of their answers. A broker answers in
 * the order of the requests.
 */
export class PendingAnswers {
  readonly #broker: HostPort
  readonly #slabs = new SlabPair()
  readonly #sent: Sent[] = []
  #nextCorrelationId = 0

  constructor(broker: HostPort) {
    this.#broker = broker
  }

  /**
   * When the oldest unanswered request was sent, by the monotonic clock; undefined when every
   * request is answered.
   */
  get oldestSentAt(): number | undefined {
    return this.#sent[0]?.sentAt
  }

  /** Takes the slab for the answer to a request that will be sent next. */
  takeSlab(): SlabNumber {
    return this.#slabs.take()
  }

  /**
   * Adds an answer that is due after all others. Returns the correlation id of its request.
   * `sentAt` is a time of the monotonic clock.
   */
  add(answer: PendingAnswer, sentAt: number): number {
    const correlationId = this.#nextCorrelationId
    this.#nextCorrelationId = (correlationId + 1) & 0x7fff_ffff
    this.#sent.push({ ...answer, correlationId, sentAt })
    return correlationId
  }

  /**
   * Returns where to put the next frame, of `length` bytes: at least so many bytes.
   *
   * @throws KAFKA_PROTOCOL when no answer is due, or none can have that length.
   */
  place(length: number): Buffer {
    const [due] = this.#sent
    if (due === undefined) {
      throw protocolError(this.#broker, 'it sent an answer without a request')
    }
    if (length < 4 || length > maxFrameBytes) {
      throw protocolError(
        this.#broker,
        `it sent a frame of ${length} bytes (allowed are 4 to ${maxFrameBytes}): this may not be a Kafka broker`,
      )
    }
    return due.slab === undefined ? Buffer.allocUnsafe(length) : this.#slabs.place(due.slab, length)
  }

  /**
   * Gives a whole frame to the request that it answers: the oldest one.
   *
   * @throws KAFKA_PROTOCOL when it answers another one; the request stays unanswered.
   */
  resolve(frame: Buffer): void {
    const reader = new FrameReader(frame, { flexible: true })
    const correlationId = reader.int32()
    const [due] = this.#sent
    if (due?.correlationId !== correlationId) {
      throw protocolError(
        this.#broker,
        `it sent answer ${correlationId} where ${due?.correlationId ?? 'none'} was due`,
      )
    }
    if (due.taggedFields) reader.taggedFields()
    this.#sent.shift()
    if (due.slab !== undefined) this.#slabs.release()
    due.resolve(reader.rest())
  }

  /** Rejects everything that is unanswered: the connection is closed. */
  rejectAll(error: Error): void {
    for (const answer of this.#sent.splice(0)) answer.reject(error)
  }
}
