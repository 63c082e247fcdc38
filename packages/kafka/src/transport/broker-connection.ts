import type { Socket } from 'node:net'
import { KanneryError } from '@kannery/storage'
import { type API, type Connection, Reader, ResponseError, type Writer } from '@platformatic/kafka'
import {
  formatHostPort,
  type HostPort,
  type KafkaConnectionOptions,
} from '../configuration/connection-options.ts'
import type { Clock, Random } from '../configuration/environment.ts'
import { type ApiVersionRange, negotiateApiVersions, noCommonVersion } from './api-versions.ts'
import {
  type ConnectionContext,
  type ConnectionPhase,
  connectionError,
  protocolError,
  timeoutError,
  tlsExpectedError,
} from './errors.ts'
import { FrameAssembler } from './frame-assembler.ts'
import { encodeRequestHeader, type RequestKind, skipTaggedFields } from './request-header.ts'
import { openSocket } from './socket.ts'

export interface BrokerConnectionOptions
  extends Pick<
    KafkaConnectionOptions,
    'clientId' | 'tls' | 'sasl' | 'connectTimeoutMs' | 'requestTimeoutMs'
  > {
  readonly clock: Clock
  /** For the nonce of SCRAM. */
  readonly random: Random
}

/** A request whose body is encoded by the caller. */
export interface BrokerRequest extends RequestKind {
  /** Sent in order, without a copy: do not touch them until the answer is there. */
  readonly body: readonly Uint8Array[]
  /**
   * The answer goes into one of two slabs of the connection, in turn, instead of into memory of its own. **Its frame is valid
   * until the second slab request after it is sent**: with one request ahead, the frame at hand stays whole while the next one
   * arrives. At most two slab requests may be unanswered.
   */
  readonly slab?: boolean
}

/**
 * No answer may be longer. A fetch is bounded by its own maxBytes, but always brings at least one whole batch; brokers take
 * batches up to `message.max.bytes`, 1 MiB unless configured.
 */
export const maxFrameBytes: number = 256 * 1024 * 1024

const slabGranularity = 1024 * 1024

interface PendingAnswer {
  readonly correlationId: number
  readonly taggedFields: boolean
  readonly slab: 0 | 1 | undefined
  readonly sentAt: number
  resolve(frame: Buffer): void
  reject(error: Error): void
}

/**
 * One TCP or TLS connection to one broker: requests go out in the order of the calls, and a broker answers in that order.
 * Whatever breaks it (a timeout, a broken frame, an answer nobody asked for) closes it for good: every unanswered request is
 * rejected with the reason, and so is every later one. A connection is never used again after a half-read answer.
 */
export class BrokerConnection implements AsyncDisposable {
  readonly address: HostPort
  readonly #options: BrokerConnectionOptions
  readonly #clientId: Uint8Array
  readonly #assembler: FrameAssembler
  readonly #pending: PendingAnswer[] = []
  readonly #lifetime = new AbortController()
  readonly #slabs: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  #nextSlab: 0 | 1 = 0
  #correlationId = 0
  #phase: ConnectionPhase = 'connecting'
  #versions: ReadonlyMap<number, ApiVersionRange> = new Map()
  #socket: Socket
  #failure: KanneryError | undefined
  #watching = false
  #firstBytesSeen = false
  #lastBytesAt = 0

  /**
   * Connects, verifies the broker's certificate, asks for the API versions and authenticates.
   *
   * @throws KAFKA_UNREACHABLE, KAFKA_TLS_FAILED, KAFKA_AUTHENTICATION_FAILED, KAFKA_UNSUPPORTED, KAFKA_PROTOCOL.
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
      connection.#phase = 'open'
      return connection
    } catch (error) {
      connection.#close(error as KanneryError)
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
    this.#assembler = new FrameAssembler({
      begin: (length) => this.#placeFrame(length),
      complete: (frame) => this.#answer(frame),
    })
    this.#socket = openSocket(address, options.tls, {
      onConnect: () => connected.resolve(),
      onBytes: (buffer, length) => this.#receive(buffer, length),
      onClose: (error) => {
        const failure = connectionError(error, this.#context)
        this.#close(failure)
        connected.reject(failure)
      },
    })
  }

  /** What the broker offers: API key → least and greatest version. */
  get versions(): ReadonlyMap<number, ApiVersionRange> {
    return this.#versions
  }

  /** False once the connection is closed, for whatever reason: every further request is rejected at once. */
  get usable(): boolean {
    return this.#failure === undefined
  }

  /**
   * The greatest version that the broker and we (`least` to `greatest`) both speak.
   *
   * @throws KAFKA_UNSUPPORTED when there is none.
   */
  pickVersion(apiKey: number, least: number, greatest: number): number {
    const offered = this.#versions.get(apiKey)
    const version = Math.min(greatest, offered?.max ?? -1)
    if (offered === undefined || version < Math.max(least, offered.min)) {
      throw noCommonVersion(this.address, apiKey, { min: least, max: greatest }, offered)
    }
    return version
  }

  /**
   * Sends one of @platformatic/kafka's low-level APIs. Resolves with the answer also when it holds Kafka error numbers: they
   * stand beside each topic or partition, and only the caller knows which of them matter.
   *
   * @throws KAFKA_UNREACHABLE, KAFKA_PROTOCOL; the connection is closed then.
   */
  async call<Arguments extends unknown[], Answer>(
    api: API<Arguments, Answer>,
    ...args: Arguments
  ): Promise<Answer> {
    try {
      return await api.async(this.#codecPort, ...args)
    } catch (error) {
      if (error instanceof ResponseError) return error['response'] as Answer
      if (KanneryError.is(error)) throw error
      const failure = protocolError(
        this.address,
        `its answer cannot be read: ${(error as Error).message}`,
        error,
      )
      this.#close(failure)
      throw failure
    }
  }

  /**
   * Sends a body of our own encoding. Resolves with the frame behind the response header (correlation id, tagged fields).
   *
   * @throws KAFKA_UNREACHABLE, KAFKA_PROTOCOL; the connection is closed then and whether the broker acted is unknown.
   */
  request(request: BrokerRequest): Promise<Buffer> {
    return this.#exchange(request, request.flexible)
  }

  /** Closes the connection. Unanswered requests are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close(
      new KanneryError(
        'KAFKA_UNREACHABLE',
        `the connection to ${formatHostPort(this.address)} was closed`,
        {
          retry: 'after-refresh',
          why: 'it was closed by us',
          facts: { broker: formatHostPort(this.address) },
        },
      ),
    )
    await Promise.resolve()
  }

  /** All that @platformatic/kafka's APIs use of its own Connection class is this method. */
  get #codecPort(): Connection {
    const port: Pick<Connection, 'send'> = {
      send: (apiKey, apiVersion, createPayload, parse, flexible, taggedAnswer, callback) => {
        this.#exchangeEncoded({ apiKey, apiVersion, flexible }, createPayload, taggedAnswer)
          .then((frame) => parse(0, apiKey, apiVersion, Reader.from(frame)))
          .then(
            (answer) => callback(null, answer),
            (error: Error) => callback(error),
          )
      },
    }
    return port as Connection
  }

  async #exchangeEncoded(
    kind: RequestKind,
    encode: () => Writer | Promise<Writer>,
    taggedAnswer: boolean,
  ): Promise<Buffer> {
    const body = await encode()
    return this.#exchange({ ...kind, body: [body.buffer] }, taggedAnswer)
  }

  #exchange(request: BrokerRequest, taggedAnswer: boolean): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure)
        return
      }
      const correlationId = this.#correlationId
      this.#correlationId = (this.#correlationId + 1) & 0x7fff_ffff
      this.#pending.push({
        correlationId,
        taggedFields: taggedAnswer,
        slab: request.slab === true ? this.#takeSlab() : undefined,
        sentAt: this.#options.clock.monotonic(),
        resolve,
        reject,
      })
      this.#write(request, correlationId)
      void this.#watchForSilence()
    })
  }

  #write(request: BrokerRequest, correlationId: number): void {
    const bodyLength = request.body.reduce((sum, piece) => sum + piece.length, 0)
    this.#socket.cork()
    this.#socket.write(encodeRequestHeader(request, correlationId, this.#clientId, bodyLength))
    for (const piece of request.body) this.#socket.write(piece)
    this.#socket.uncork()
  }

  #takeSlab(): 0 | 1 {
    if (this.#pending.filter((answer) => answer.slab !== undefined).length >= 2) {
      throw new KanneryError('INTERNAL', 'a third slab request before the first was answered')
    }
    const slab = this.#nextSlab
    this.#nextSlab = slab === 0 ? 1 : 0
    return slab
  }

  #receive(buffer: Buffer, length: number): void {
    if (this.#failure !== undefined) return
    this.#lastBytesAt = this.#options.clock.monotonic()
    try {
      if (!this.#firstBytesSeen) {
        this.#firstBytesSeen = true
        if (this.#options.tls === undefined && looksLikeTls(buffer, length)) {
          throw tlsExpectedError(this.address)
        }
      }
      this.#assembler.feed(buffer, length)
    } catch (error) {
      this.#close(
        KanneryError.is(error)
          ? error
          : protocolError(
              this.address,
              `its answer cannot be read: ${(error as Error).message}`,
              error,
            ),
      )
    }
  }

  #placeFrame(length: number): Buffer {
    if (length < 4 || length > maxFrameBytes) {
      throw protocolError(
        this.address,
        `a frame of ${length} bytes (allowed are 4 to ${maxFrameBytes}): this may not be a Kafka broker`,
      )
    }
    const slab = this.#pending[0]?.slab
    if (slab === undefined) return Buffer.allocUnsafe(length)
    if (this.#slabs[slab].length < length) {
      this.#slabs[slab] = Buffer.allocUnsafeSlow(
        Math.ceil(length / slabGranularity) * slabGranularity,
      )
    }
    return this.#slabs[slab]
  }

  #answer(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0)
    const expected = this.#pending[0]
    if (expected?.correlationId !== correlationId) {
      throw protocolError(
        this.address,
        expected === undefined
          ? `an answer (number ${correlationId}) that nobody asked for`
          : `answer ${correlationId} where ${expected.correlationId} was due`,
      )
    }
    const body = frame.subarray(expected.taggedFields ? skipTaggedFields(frame, 4) : 4)
    this.#pending.shift()
    expected.resolve(body)
  }

  /** One timer per connection: the oldest unanswered request decides, and bytes of its answer count as a sign of life. */
  async #watchForSilence(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    const { clock, requestTimeoutMs } = this.#options
    try {
      for (let oldest = this.#pending[0]; oldest !== undefined; oldest = this.#pending[0]) {
        const silentSince = Math.max(oldest.sentAt, this.#lastBytesAt)
        const rest = silentSince + requestTimeoutMs - clock.monotonic()
        if (rest <= 0) {
          this.#close(timeoutError(this.#context, requestTimeoutMs))
          return
        }
        await clock.sleep(rest, this.#lifetime.signal)
      }
    } catch (error) {
      if (!this.#lifetime.signal.aborted) throw error
    } finally {
      this.#watching = false
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

  #close(failure: KanneryError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#lifetime.abort()
    this.#socket.destroy()
    for (const answer of this.#pending.splice(0)) answer.reject(failure)
  }
}

/** A TLS record: alert or handshake, version 3.x (RFC 8446, 5.1). As a Kafka frame it would be some 350 MB long. */
function looksLikeTls(buffer: Buffer, length: number): boolean {
  return length >= 2 && (buffer[0] === 0x15 || buffer[0] === 0x16) && buffer[1] === 0x03
}
