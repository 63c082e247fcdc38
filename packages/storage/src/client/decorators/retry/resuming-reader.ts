import type { GetOptions, ObjectReader, StoredObject } from '../../../backend.ts'
import { type ByteSpan, spanOf } from '../../../byte-span.ts'
import { KanneryError } from '../../../errors/kannery-error.ts'
import { withItemTimeout } from './item-timeout.ts'
import { isRepeatable, type RetryDeadline } from './retry-deadline.ts'

/** Options of {@link ResumingReader.open}. */
export interface ResumingReaderOptions {
  /** Opens the object in one attempt. */
  readonly open: (options: Omit<GetOptions, 'signal'>, signal: AbortSignal) => Promise<ObjectReader>
  readonly getOptions: GetOptions
  readonly deadline: RetryDeadline
}

/**
 * Reads an object, and continues a body that broke off where it broke off, from the same version of
 * the object: a long read survives the reset of a connection.
 *
 * @throws STORAGE_PRECONDITION_FAILED or STORAGE_NOT_FOUND when the object was replaced or deleted
 *   in between
 */
export class ResumingReader implements ObjectReader {
  readonly info: StoredObject
  readonly body: AsyncGenerator<Uint8Array>
  readonly #options: ResumingReaderOptions
  readonly #span: ByteSpan
  #current: ObjectReader

  private constructor(first: ObjectReader, options: ResumingReaderOptions) {
    this.info = first.info
    this.#current = first
    this.#options = options
    this.#span = spanOf(options.getOptions.range, first.info.size)
    this.body = this.#read()
  }

  static async open(options: ResumingReaderOptions): Promise<ResumingReader> {
    const { getOptions, deadline } = options
    const first = await deadline.insist((signal) => options.open(getOptions, signal))
    return new ResumingReader(first, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Ends the timer of a body that was not read to its end. Awaiting this would wait for a piece
    // that is awaited at the moment.
    this.body.return(undefined).catch(() => undefined)
    await this.#current[Symbol.asyncDispose]()
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    const { deadline } = this.#options
    let { start } = this.#span
    deadline.renew()
    for (;;) {
      try {
        for await (const chunk of this.#piecesFrom(start)) {
          start += chunk.byteLength
          yield chunk
          deadline.renew()
        }
        return
      } catch (error) {
        await this.#drop()
        if (start === this.#span.end && isRepeatable(error)) return
        await deadline.pauseAfter(error)
        await this.#reopen(start)
      }
    }
  }

  /** Yields the remaining bytes of the current reader, and checks that they are complete. */
  async *#piecesFrom(start: number): AsyncGenerator<Uint8Array> {
    let left = this.#span.end - start
    for await (const piece of withItemTimeout(() => this.#current.body, this.#options.deadline)) {
      left -= piece.byteLength
      if (left < 0) throw this.#tooLong()
      yield piece
    }
    if (left > 0) throw this.#tooShort(left)
  }

  async #reopen(start: number): Promise<void> {
    const range = { kind: 'span', start, end: this.#span.end } as const
    const { open, deadline } = this.#options
    this.#current = await deadline.insist((signal) =>
      open({ range, ifVersion: this.info.version }, signal),
    )
  }

  /** Closes the current reader. Never throws: the first error of a reader matters. */
  async #drop(): Promise<void> {
    try {
      await this.#current[Symbol.asyncDispose]()
    } catch {}
  }

  #tooShort(missing: number): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `the answer broke off: ${this.info.key}`, {
      retry: 'same-request',
      why: `${missing} bytes are missing`,
      facts: { key: this.info.key, missing },
    })
  }

  #tooLong(): KanneryError {
    return new KanneryError('INTERNAL', `the storage sent more than it said: ${this.info.key}`, {
      facts: { key: this.info.key },
    })
  }
}
