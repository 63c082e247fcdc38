import type { ByteRange } from '../backend.ts'
import { type ByteSpan, spanOf } from '../byte-span.ts'
import type { BackendAttempt, BackendErrors } from './backend-errors.ts'

/** The bytes of an object that an answer has. */
export interface AnsweredSpan extends ByteSpan {
  /** Size of the whole object in bytes. */
  readonly size: number
}

/**
 * Reads an object, or a range of it, over HTTP: it makes the header to send, and checks that the
 * answer has the bytes that were asked for (RFC 9110, section 14).
 */
export class RangeRequest {
  /**
   * Value of the header `Range`, or undefined to ask for the whole object. That is also done for an
   * empty range, which HTTP cannot express: the answer states the size, or that there is no object.
   */
  readonly header: string | undefined
  readonly #range: ByteRange | undefined
  readonly #errors: BackendErrors
  readonly #attempt: BackendAttempt

  constructor(range: ByteRange | undefined, errors: BackendErrors, attempt: BackendAttempt) {
    this.header = range === undefined || selectsNothing(range) ? undefined : headerOf(range)
    this.#range = range
    this.#errors = errors
    this.#attempt = attempt
  }

  /**
   * Returns which bytes an answer has, by its headers `Content-Length` and `Content-Range`. Without
   * the latter it has the whole object, which is accepted if the range selects all of it.
   *
   * @throws STORAGE_RANGE when the object does not have the range; STORAGE_UNSUPPORTED for an
   *   answer with other bytes or without a length
   */
  accept(headers: {
    readonly contentLength: number | undefined
    readonly contentRange: string | undefined
  }): AnsweredSpan {
    const span = this.#answered(headers)
    if (this.#range === undefined) return span
    const { start, end } = spanOf(this.#range, span.size)
    if (selectsNothing(this.#range) || start >= end || end > span.size) {
      throw this.#errors.outsideRange(this.#attempt, span.size)
    }
    if (start === span.start && end === span.end) return span
    throw this.#strange(`bytes ${start} to ${end} were asked for, others came`)
  }

  /**
   * Yields the bytes of `span` as they arrive.
   *
   * @param translate returns the backend's error for what the body throws
   * @throws STORAGE_UNAVAILABLE, with the retry `same-request`, when the body ends with another
   *   number of bytes
   */
  async *read(
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    span: AnsweredSpan,
    translate: (error: unknown) => unknown,
  ): AsyncGenerator<Uint8Array> {
    let missing = span.end - span.start
    try {
      for await (const chunk of body) {
        missing -= chunk.byteLength
        yield chunk
      }
    } catch (error) {
      throw translate(error)
    }
    if (missing !== 0) throw this.#errors.cutOff(this.#attempt, missing)
  }

  #answered({ contentLength: length, contentRange: range }: HeadersOfAnswer): AnsweredSpan {
    if (length === undefined || !isPosition(length)) throw this.#strange('it has no length')
    if (range === undefined) return { start: 0, end: length, size: length }
    // Emulators say "0--1/0" of an object that has no byte.
    const [, first, last, size] = /^bytes (\d+)-(-?\d+)\/(\d+)$/.exec(range) ?? []
    const span = { start: Number(first), end: Number(last) + 1, size: Number(size) }
    if (span.end - span.start === length) return span
    throw this.#strange(`${length} bytes are not ${range}`)
  }

  #strange(what: string): Error {
    return this.#errors.strangeAnswer(this.#attempt, what)
  }
}

type HeadersOfAnswer = Parameters<RangeRequest['accept']>[0]

function headerOf(range: ByteRange): string {
  switch (range.kind) {
    case 'span':
      return `bytes=${range.start}-${range.end - 1}`
    case 'from':
      return `bytes=${range.start}-`
    case 'last':
      return `bytes=-${range.length}`
  }
}

function selectsNothing(range: ByteRange): boolean {
  switch (range.kind) {
    case 'span':
      return !(isPosition(range.start) && isPosition(range.end) && range.start < range.end)
    case 'from':
      return !isPosition(range.start)
    case 'last':
      return !isPosition(range.length) || range.length === 0
  }
}

function isPosition(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
