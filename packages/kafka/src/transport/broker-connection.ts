import type { Socket } from 'node:net'
import { type Clock, KanneryError, type Random } from '@kannery/storage'
import type { HostPort, KafkaConnectionOptions } from '../configuration/connection-options.ts'
import {
  type ApiVersions,
  decodeAnswerBody,
  encodeRequestBody,
  type KafkaApi,
  type ThrottledAnswer,
} from '../protocol/kafka-api.ts'
import { type ApiVersionRange, negotiateApiVersions, noCommonVersion } from './api-versions.ts'
import { type ApiCaller, type BrokerRequest, requestOf } from './broker-request.ts'
import { decodeAnswer } from './decode-answer.ts'
import {
  type ConnectionContext,
  type ConnectionPhase,
  closedByUs,
  connectionError,
  protocolError,
  timeoutError,
} from './errors.ts'
import { FrameAssembler } from './frame-assembler.ts'
import { type PendingAnswer, PendingAnswers } from './pending-answers.ts'
import { encodeRequestHeader, hasTaggedFieldsInAnswer } from './request-header.ts'
import { authenticate } from './sasl/authenticate.ts'
import { SendGate } from './send-gate.ts'
import { openSocket } from './socket.ts'
import { looksLikeTls, tlsExpectedError } from './tls-errors.ts'

/** How to connect to one broker, and what the connection needs. */
export interface BrokerConnectionOptions
  extends Pick<
    KafkaConnectionOptions,
    'clientId' | 'tls' | 'sasl' | 'connectTimeoutMs' | 'requestTimeoutMs'
  > {
  readonly clock: Clock
  /** Source of the nonce of SCRAM. */
  readonly random: Random
}

/**
 * Share of the session's lifetime after which to authenticate again, as in Kafka's own clients
 * (KIP-368).
 */
const reauthenticateAfter = 0.85

/**
 * One TCP or TLS connection to one broker. Requests are sent in the order of the calls, and a
 * broker answers in that order.
 *
 * Anything that breaks the connection (a timeout, a broken frame, an unexpected answer) closes it
 * permanently: every unanswered request is rejected with the reason, and so is every later one. A
 * connection is never used again after a half-read answer.
 */
export class BrokerConnection implements ApiCaller, AsyncDisposable {
  readonly address: HostPort
  readonly #options: BrokerConnectionOptions
  readonly #clientId: Uint8Array
  readonly #assembler: FrameAssembler
  readonly #gate: SendGate
  readonly #pending: PendingAnswers
  readonly #lifetime = new AbortController()
  readonly #socket: Socket
  #phase: ConnectionPhase = 'connecting'
  #failure: KanneryError | undefined
  #versions: ReadonlyMap<number, ApiVersionRange> = new Map()
  #watching = false
  #lastBytesAt: number | undefined
  #throttledUntil = 0
  #reauthenticateAt = Number.POSITIVE_INFINITY

  /**
   * Connects, verifies the broker's certificate, asks for the API versions and authenticates.
   *
   * @throws KAFKA_UNREACHABLE, KAFKA_TLS_FAILED, KAFKA_AUTHENTICATION_FAILED, KAFKA_UNSUPPORTED,
   *   KAFKA_PROTOCOL.
   */
  static async open(
    address: HostPort,
    options: BrokerConnectionOptions,
  ): Promise<BrokerConnection> {
    const connected = Promise.withResolvers<void>()
    const connection = new BrokerConnection(address, options, connected)
    try {
      await connection.#withinConnectTimeout(connected.promise)
      connection.#phase = 'negotiating'
      connection.#versions = await negotiateApiVersions(connection)
      await connection.#authenticate()
      connection.#phase = options.sasl === undefined ? 'unproven' : 'open'
      return connection
    } catch (error) {
      connection.#fail(error)
      throw error
    }
  }

  private constructor(
    address: HostPort,
    options: BrokerConnectionOptions,
    connected: PromiseWithResolvers<void>,
  ) {
    this.address = address
    this.#options = options
    this.#clientId = Buffer.from(options.clientId)
    this.#gate = new SendGate(() => this.#obstacle())
    this.#pending = new PendingAnswers(address)
    this.#assembler = new FrameAssembler({
      begin: (length) => this.#pending.place(length),
      complete: (frame) => {
        this.#pending.resolve(frame)
        if (this.#phase === 'unproven') this.#phase = 'open'
      },
    })
    this.#socket = openSocket(address, options.tls, {
      onConnect: () => connected.resolve(),
      room: () => this.#assembler.room,
      onBytes: (buffer, length) => this.#receive(buffer, length),
      onClose: (error) => {
        const failure = connectionError(error, this.#context)
        this.#fail(failure)
        connected.reject(failure)
      },
    })
  }

  /** Versions that the broker offers, by API key. */
  get versions(): ReadonlyMap<number, ApiVersionRange> {
    return this.#versions
  }

  /**
   * False once the connection is closed, for any reason: every further request is rejected at once.
   */
  get usable(): boolean {
    return this.#failure === undefined
  }

  /** @inheritDoc */
  pickVersion(api: ApiVersions): number {
    const offered = this.#versions.get(api.key)
    const version = Math.min(api.greatest, offered?.max ?? -1)
    if (offered === undefined || version < Math.max(api.least, offered.min)) {
      throw noCommonVersion(this.address, api, offered)
    }
    return version
  }

  /**
   * Sends a request, and obeys the throttle time of its answer. Resolves with the answer also when
   * it holds Kafka error numbers: they stand beside each topic or partition, and only the caller
   * knows which matter.
   *
   * @throws KAFKA_UNSUPPORTED; KAFKA_UNREACHABLE and KAFKA_PROTOCOL, which close the connection.
   */
  async call<Request, Answer>(
    api: KafkaApi<Request, Answer>,
    request: Request,
    version: number = this.pickVersion(api),
  ): Promise<Answer> {
    const answer = await this.#call(api, request, version, (encoded) => this.request(encoded))
    this.throttle((answer as Partial<ThrottledAnswer>).throttleTimeMs ?? 0)
    return answer
  }

  /**
   * Sends a request that the caller has encoded. Resolves with the frame after the response header
   * (correlation id, tagged fields). The caller reads the throttle time and passes it to
   * `throttle`.
   *
   * @throws KAFKA_UNREACHABLE, KAFKA_PROTOCOL; the connection is closed then, and it is unknown
   *   whether the broker acted.
   */
  request(request: BrokerRequest): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const slab = request.slab === true ? this.#pending.takeSlab() : undefined
      this.#gate.pass(() => this.#send(request, { slab, resolve, reject }))
    })
  }

  /**
   * Delays all further requests by the `throttle_time_ms` of an answer (KIP-219). Their timeouts
   * begin after that.
   */
  throttle(milliseconds: number): void {
    if (milliseconds <= 0) return
    const until = this.#options.clock.monotonic() + milliseconds
    this.#throttledUntil = Math.max(this.#throttledUntil, until)
  }

  /** Closes the connection. Unanswered requests are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(closedByUs(this.address))
    await Promise.resolve()
  }

  async #call<Request, Answer>(
    api: KafkaApi<Request, Answer>,
    request: Request,
    version: number,
    send: (encoded: BrokerRequest) => Promise<Buffer>,
  ): Promise<Answer> {
    const encoded = encodeRequestBody(api, request, version)
    try {
      const body = await send(requestOf(api, version, [encoded]))
      return decodeAnswer(this, api.name, () => decodeAnswerBody(api, body, version))
    } catch (error) {
      throw this.#fail(error)
    }
  }

  /** Sends a request past the gate: for what must happen before other requests are sent. */
  #sendNow(request: BrokerRequest): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#send(request, { slab: undefined, resolve, reject })
    })
  }

  #send(request: BrokerRequest, waiting: Omit<PendingAnswer, 'taggedFields'>): void {
    const answer = { ...waiting, taggedFields: hasTaggedFieldsInAnswer(request) }
    if (this.#failure !== undefined) {
      answer.reject(this.#failure)
      return
    }
    const correlationId = this.#pending.add(answer, this.#options.clock.monotonic())
    const bodyLength = request.body.reduce((sum, piece) => sum + piece.length, 0)
    this.#socket.cork()
    this.#socket.write(encodeRequestHeader(request, correlationId, this.#clientId, bodyLength))
    for (const piece of request.body) this.#socket.write(piece)
    this.#socket.uncork()
    void this.#watchForSilence()
  }

  #receive(buffer: Buffer, length: number): void {
    if (this.#failure !== undefined) return
    try {
      const first = this.#lastBytesAt === undefined
      this.#lastBytesAt = this.#options.clock.monotonic()
      if (first && this.#options.tls === undefined && looksLikeTls(buffer, length)) {
        throw tlsExpectedError(this.address)
      }
      this.#assembler.received(buffer, length)
    } catch (error) {
      this.#fail(error)
    }
  }

  #obstacle(): Promise<void> | undefined {
    if (this.#failure !== undefined) return undefined
    const { clock } = this.#options
    const now = clock.monotonic()
    if (now < this.#throttledUntil) {
      return this.#sleepWhileOpen(this.#throttledUntil - now)
    }
    if (now >= this.#reauthenticateAt) {
      return this.#authenticate().catch((error: unknown) => {
        this.#fail(error)
      })
    }
    return undefined
  }

  async #authenticate(): Promise<void> {
    const { sasl, random, clock } = this.#options
    if (sasl === undefined) return
    const { lifetimeMs } = await authenticate(
      {
        address: this.address,
        pickVersion: (api) => this.pickVersion(api),
        call: (api, request, version = this.pickVersion(api)) =>
          this.#call(api, request, version, (encoded) => this.#sendNow(encoded)),
      },
      sasl,
      random,
    )
    this.#reauthenticateAt =
      lifetimeMs === undefined
        ? Number.POSITIVE_INFINITY
        : clock.monotonic() + lifetimeMs * reauthenticateAfter
  }

  /**
   * Closes the connection when the broker is silent for too long. There is one timer per
   * connection: the oldest unanswered request counts, and so do bytes that arrive of its answer.
   */
  async #watchForSilence(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    const { clock, requestTimeoutMs } = this.#options
    for (
      let sentAt = this.#pending.oldestSentAt;
      sentAt !== undefined;
      sentAt = this.#pending.oldestSentAt
    ) {
      const silentSince = Math.max(sentAt, this.#lastBytesAt ?? 0)
      const rest = silentSince + requestTimeoutMs - clock.monotonic()
      if (rest <= 0) this.#fail(timeoutError(this.#context, requestTimeoutMs))
      else await this.#sleepWhileOpen(rest)
    }
    this.#watching = false
  }

  /** Resolves after `milliseconds`, or when the connection is closed. */
  async #sleepWhileOpen(milliseconds: number): Promise<void> {
    try {
      await this.#options.clock.sleep(milliseconds, this.#lifetime.signal)
    } catch (error) {
      if (!this.#lifetime.signal.aborted) throw error
    }
  }

  async #withinConnectTimeout(connected: Promise<void>): Promise<void> {
    const { clock, connectTimeoutMs } = this.#options
    const timer = new AbortController()
    const timeout = clock.sleep(connectTimeoutMs, timer.signal).then(() => {
      throw timeoutError(this.#context, connectTimeoutMs)
    })
    try {
      await Promise.race([connected, timeout])
    } finally {
      timer.abort()
      timeout.catch(() => undefined)
      connected.catch(() => undefined)
    }
  }

  get #context(): ConnectionContext {
    return {
      address: this.address,
      secure: this.#options.tls !== undefined,
      phase: this.#phase,
    }
  }

  /**
   * Closes the connection because of `error`, unless it is closed already. Returns the error that
   * callers get.
   */
  #fail(error: unknown): KanneryError {
    const failure = KanneryError.is(error) ? error : unreadable(this.address, error)
    if (this.#failure !== undefined) return failure
    this.#failure = failure
    this.#lifetime.abort()
    this.#socket.destroy()
    this.#pending.rejectAll(failure)
    return failure
  }
}

function unreadable(address: HostPort, error: unknown): KanneryError {
  return protocolError(address, `its answer cannot be read: ${String(error)}`, error)
}
