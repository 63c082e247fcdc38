import type { Readable } from 'node:stream'
import type { File } from '@google-cloud/storage'
import {
  asError,
  type CallOptions,
  type GetOptions,
  type ObjectKey,
  type ObjectReader,
} from '@kannery/storage'
import { RangeRequest } from '@kannery/storage/backend'
import { answeredAt, headerOf } from './answer.ts'
import { type Attempt, errors, preconditionFailed } from './errors.ts'
import { describe } from './metadata.ts'
import { addToRequest, callSdk, sdkError } from './sdk-call.ts'

/** This answer has the version and the size, as a success does. */
const unsatisfiable = 416

/**
 * Opens an object for reading.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/get, with `alt=media`.
 */
export async function openReader(
  file: File,
  key: ObjectKey,
  options: GetOptions,
  attempt: Attempt,
): Promise<ObjectReader> {
  const { range, ifVersion, signal } = options
  // The request begins with the stream, and an error of a stream without a listener ends the
  // process.
  signal?.throwIfAborted()
  const wanted = new RangeRequest(range, errors, attempt)
  addToRequest(file, {
    headers: { 'Accept-Encoding': 'identity', Range: wanted.header },
    query: { ifGenerationMatch: ifVersion },
  })
  // A range has no checksum to compare.
  const validation = wanted.header === undefined ? 'crc32c' : false
  const body = file.createReadStream({ decompress: false, validation })
  const download = new Download(body, options)
  try {
    const answer = await callSdk(() => download.answer, attempt, options)
    const generation = headerOf(answer, 'x-goog-generation')
    // Not every emulator compares it, and none does so before it looks at the range.
    const isOther = generation !== undefined && generation !== (ifVersion ?? generation)
    if (isOther) throw preconditionFailed(attempt)
    if (answer.statusCode === unsatisfiable) {
      throw errors.outsideRange(attempt, sizeAfterAll(headerOf(answer, 'content-range')))
    }
    const span = wanted.accept({
      contentLength: Number(headerOf(answer, 'content-length') ?? Number.NaN),
      contentRange: headerOf(answer, 'content-range'),
    })
    const updated = headerOf(answer, 'last-modified')
    const metadata = { size: span.size, generation, updated, answeredAt: answeredAt(answer) }
    return {
      info: describe(key, metadata, attempt),
      body: wanted.read(body, span, (error) => sdkError(error, attempt, options)),
      [Symbol.asyncDispose]: async () => download.leave(),
    }
  } catch (error) {
    download.leave()
    throw error
  }
}

interface Answer extends Readable {
  readonly statusCode: number
}

/** A download by the SDK, and how to leave it. */
class Download {
  /** Resolves with the head of a success or of a 416; rejects with any other answer. */
  readonly answer: Promise<Answer>
  readonly #body: Readable
  #isAnswered = false

  constructor(body: Readable, { signal }: CallOptions) {
    this.#body = body
    this.answer = this.#answer()
    const abort = (): void => this.leave(asError(signal?.reason))
    signal?.addEventListener('abort', abort, { once: true })
    body.once('close', () => signal?.removeEventListener('abort', abort))
  }

  /**
   * Closes the connection if more is to come. The SDK ends the process when an answer comes to a
   * stream that was already destroyed: before the answer, this waits for it in the background.
   */
  leave(reason?: Error): void {
    if (this.#isAnswered) this.#body.destroy(reason)
    else this.#body.once('response', () => setImmediate(() => this.#body.destroy()))
  }

  async #answer(): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      this.#body.on('error', reject)
      this.#body.once('response', (answer: Answer) => {
        this.#isAnswered = true
        // The SDK and its HTTP library listen eleven times, of which Node.js would warn.
        answer.setMaxListeners(0)
        const { statusCode } = answer
        if (statusCode < 300 || statusCode === unsatisfiable) resolve(answer)
      })
      // The SDK sends the request on the first read.
      this.#body.read(0)
    })
  }
}

/** Returns the size of the object, which follows the slash in the range of a 416. */
function sizeAfterAll(contentRange: string | undefined): number {
  return Number(/\/(\d+)$/.exec(contentRange ?? '')?.[1] ?? 0)
}
