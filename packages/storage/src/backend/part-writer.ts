import type {
  ObjectWriter,
  OnProgress,
  PartSender,
  StoredObject,
  WriterOptions,
} from '../backend.ts'
import { eitherSignal } from '../concurrency/abort-signals.ts'
import { KanneryError } from '../errors/kannery-error.ts'

/** A part of an object that is uploaded in parts. */
export interface Part {
  /** Position among the parts, counted from 0. */
  readonly index: number
  /** Offset in the object of the first byte of the part. */
  readonly offset: number
  /** Bytes of the part, in a buffer of the writer. {@link PartTarget.sendPart} says until when. */
  readonly body: Uint8Array
  /** Whether the object ends with this part. Only the last part may be smaller than the others. */
  readonly isLast: boolean
}

/** How one attempt to send a part is cancelled, and where it reports its progress. */
export interface PartCall {
  /** Cancels the attempt. */
  readonly signal: AbortSignal
  /** Receives how many bytes of the part were sent so far. */
  readonly onProgress: OnProgress
}

/**
 * The requests of a store for uploads in parts. A {@link PartWriter} makes an {@link ObjectWriter}
 * of them.
 */
export interface PartTarget {
  /**
   * Sends one part. Settles soon after the signal is aborted. `part.body` does not change before
   * this settles, and that of the last part never does. Several parts may be sent at the same time,
   * and a part that failed may be sent again.
   */
  sendPart(part: Part, call: PartCall): Promise<void>
  /**
   * Publishes an object that is no longer than one part, in a single request, and checks the
   * condition. No part was sent before. Fails as {@link ObjectWriter.commit} does.
   */
  publishWhole(body: Uint8Array): Promise<StoredObject>
  /**
   * Publishes the object when all parts were sent, and checks the condition. Deletes the parts if
   * it certainly failed ({@link isCertainlyNotPublished}). Fails as {@link ObjectWriter.commit}
   * does.
   */
  publishParts(): Promise<StoredObject>
  /**
   * Deletes the parts, if any were sent. It is called when no request is in flight, and nothing is
   * published afterwards.
   */
  abandon(): Promise<void>
}

/** How a store wants its parts. */
export interface PartSizes {
  /** Least size in bytes that the store accepts for a part that is not the last one. */
  readonly leastBytes: number
  /** Number of bytes that the size of a part is a multiple of. It divides `leastBytes`. */
  readonly unitBytes: number
  /** Size of a part in bytes, if the memory suffices. */
  readonly preferredBytes: number
  /** Number of parts that may be sent at the same time. */
  readonly parallel: number
}

/**
 * Options of a {@link PartWriter}: the sizes of the parts, and what it needs of the options of
 * `openWriter`. `maxBufferedBytes` defaults to `parallel + 1` parts of the preferred size.
 */
export type PartWriterOptions = PartSizes &
  Pick<WriterOptions, 'maxBufferedBytes' | 'sendPart' | 'signal'>

const firstBufferBytes = 64 * 1024

/**
 * Implements {@link ObjectWriter} for a store with uploads in parts: it collects bytes into parts,
 * and sends full parts while the next one fills. An object of one part is published by a single
 * request. Its buffers hold at most `maxBufferedBytes`, and grow only as far as the object does.
 */
export class PartWriter implements ObjectWriter {
  readonly #target: PartTarget
  readonly #options: PartWriterOptions
  /** Size of every part but the last. */
  readonly #partBytes: number
  readonly #maxBuffers: number
  readonly #inFlight = new Set<Promise<void>>()
  readonly #spare: Uint8Array[] = []
  #buffers = 1
  #collecting: Uint8Array
  #collected = 0
  #sentParts = 0
  #sentBytes = 0
  #failure: { readonly error: unknown } | undefined
  #state: 'open' | 'closed' = 'open'

  constructor(target: PartTarget, options: PartWriterOptions) {
    const { partBytes, buffers } = planParts(options, options.maxBufferedBytes)
    this.#target = target
    this.#options = options
    this.#partBytes = partBytes
    this.#maxBuffers = buffers
    this.#collecting = allocate(Math.min(firstBufferBytes, partBytes))
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#assertOpen('write to')
    let taken = 0
    while (taken < chunk.byteLength) {
      this.#throwFailure()
      if (this.#collected === this.#partBytes) await this.#sendCollected()
      this.#makeRoom(chunk.byteLength - taken)
      const end = Math.min(chunk.byteLength, taken + this.#collecting.length - this.#collected)
      this.#collecting.set(chunk.subarray(taken, end), this.#collected)
      this.#collected += end - taken
      taken = end
    }
  }

  async commit(): Promise<StoredObject> {
    this.#assertOpen('commit')
    this.#state = 'closed'
    if (this.#sentParts === 0) {
      this.#throwFailure()
      return await this.#target.publishWhole(this.#takeCollected())
    }
    try {
      await this.#send(this.#takeCollected(), true)
      await this.#allSent()
      this.#throwFailure()
    } catch (error) {
      await this.#abandon()
      throw error
    }
    return await this.#target.publishParts()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    await this.#abandon()
  }

  async #abandon(): Promise<void> {
    await this.#allSent()
    await this.#target.abandon()
  }

  /** Grows the first buffer while it is smaller than a part; `more` bytes are about to come. */
  #makeRoom(more: number): void {
    const wanted = this.#collected + more
    if (wanted <= this.#collecting.length || this.#collecting.length === this.#partBytes) return
    const doubled = Math.max(wanted, 2 * this.#collecting.length)
    const grown = allocate(Math.min(this.#partBytes, doubled))
    grown.set(this.#collecting.subarray(0, this.#collected))
    this.#collecting = grown
  }

  async #sendCollected(): Promise<void> {
    if (this.#partBytes < this.#options.leastBytes) {
      throw tooLittleMemory(this.#partBytes, this.#options.leastBytes)
    }
    await this.#send(this.#takeCollected(), false)
    this.#collecting = await this.#freeBuffer()
  }

  /** Begins to send a part, and resolves when it has begun. */
  async #send(body: Uint8Array, isLast: boolean): Promise<void> {
    while (this.#inFlight.size >= this.#options.parallel) await Promise.race(this.#inFlight)
    this.#throwFailure()
    const part: Part = { index: this.#sentParts, offset: this.#sentBytes, body, isLast }
    this.#sentParts++
    this.#sentBytes += body.byteLength
    const sending = this.#insist(part)
      .then(
        () => {
          this.#spare.push(new Uint8Array(body.buffer))
        },
        (error: unknown) => {
          this.#failure ??= { error }
        },
      )
      .finally(() => this.#inFlight.delete(sending))
    this.#inFlight.add(sending)
  }

  /** Sends a part with retries. No attempt reads the buffer any more when this settles. */
  async #insist(part: Part): Promise<void> {
    const { sendPart = justSend, signal } = this.#options
    const attempts = new PartAttempts(this.#target, part, signal)
    try {
      await sendPart(part.body.byteLength, (onProgress) => attempts.next(onProgress))
    } finally {
      await attempts.stop()
    }
  }

  async #freeBuffer(): Promise<Uint8Array> {
    for (;;) {
      this.#throwFailure()
      const spare = this.#spare.pop()
      if (spare !== undefined) return spare
      if (this.#buffers < this.#maxBuffers) {
        this.#buffers++
        return allocate(this.#partBytes)
      }
      await Promise.race(this.#inFlight)
    }
  }

  async #allSent(): Promise<void> {
    await Promise.all(this.#inFlight)
  }

  #takeCollected(): Uint8Array {
    const body = this.#collecting.subarray(0, this.#collected)
    this.#collected = 0
    return body
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
    this.#options.signal?.throwIfAborted()
  }

  #assertOpen(what: string): void {
    if (this.#state === 'open') return
    throw new KanneryError('INTERNAL', `cannot ${what} a writer that is closed`)
  }
}

/**
 * Stops an attempt that still runs, although the retries gave it up, before anything else happens:
 * it would send what the buffer holds by then.
 */
class PartAttempts {
  readonly #target: PartTarget
  readonly #part: Part
  readonly #signal: AbortSignal | undefined
  #current: { readonly abort: AbortController; readonly arrived: Promise<boolean> } | undefined

  constructor(target: PartTarget, part: Part, signal: AbortSignal | undefined) {
    this.#target = target
    this.#part = part
    this.#signal = signal
  }

  /** Sends the part, unless the last attempt did so after it was given up. */
  async next(onProgress: OnProgress): Promise<void> {
    if (await this.stop()) return
    this.#signal?.throwIfAborted()
    const abort = new AbortController()
    const signal = eitherSignal(this.#signal, abort.signal)
    const sending = this.#target.sendPart(this.#part, { signal, onProgress })
    const arrived = sending.then(
      () => true,
      () => false,
    )
    this.#current = { abort, arrived }
    await sending
  }

  /** Stops the last attempt, and returns whether it had sent the part. */
  async stop(): Promise<boolean> {
    this.#current?.abort.abort()
    return (await this.#current?.arrived) ?? false
  }
}

/**
 * Returns the size of the parts, and how many are in memory at the same time, within a bound of
 * `maxBufferedBytes`.
 */
export function planParts(
  sizes: PartSizes,
  maxBufferedBytes: number | undefined,
): { readonly partBytes: number; readonly buffers: number } {
  const { leastBytes, unitBytes, preferredBytes, parallel } = sizes
  const wanted = parallel + 1
  const bound = maxBufferedBytes ?? wanted * preferredBytes
  const share = Math.min(preferredBytes, Math.floor(bound / wanted))
  const rounded = share - (share % unitBytes)
  const partBytes = Math.min(Math.max(rounded, leastBytes), Math.max(bound, 1))
  return { partBytes, buffers: Math.min(wanted, Math.max(1, Math.floor(bound / partBytes))) }
}

function tooLittleMemory(heldBytes: number, leastBytes: number): KanneryError {
  return new KanneryError(
    'CONFIG_INVALID',
    `a writer needs at least ${leastBytes} bytes of memory`,
    {
      why: `it may hold only ${heldBytes}, but this storage takes no smaller part of a larger object`,
      remedy: 'Allow more memory for writing, or fewer topics at a time.',
    },
  )
}

const justSend: PartSender = (_bytes, send) => send(() => undefined)

/** Allocates a buffer outside the pool of Node.js, so that `array.buffer` has the same size. */
function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)
}

/**
 * Returns whether `error` proves that nothing was published, so that the parts can be deleted: a
 * `KanneryError` whose `retry` is not `same-request`. After any other error the object may exist or
 * still appear.
 */
export function isCertainlyNotPublished(error: unknown): boolean {
  return KanneryError.is(error) && error.retry !== 'same-request'
}
