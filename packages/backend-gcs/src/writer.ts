import { Readable } from 'node:stream'
import type { CallOptions, OnProgress, StoredObject } from '@kannery/storage'
import {
  bodyInPieces,
  type Part,
  type PartCall,
  type PartSizes,
  type PartTarget,
} from '@kannery/storage/backend'
import { answeredAt, headerOf, type Refusal } from './answer.ts'
import { Crc32c } from './client.ts'
import { type Attempt, answered, errors, storedDamaged } from './errors.ts'
import { type Answered, describe, type Metadata } from './metadata.ts'
import type { Operation } from './permissions.ts'
import { conditionOf, type Destination, metadataOf, putObject } from './put-object.ts'
import { callSdk } from './sdk-call.ts'

const kib = 1024

/**
 * One part at a time: Google takes the bytes of a session only in order.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload
 */
export const partSizes: PartSizes = {
  leastBytes: 256 * kib,
  unitBytes: 256 * kib,
  preferredBytes: 16 * 1024 * kib,
  parallel: 1,
}

/** The bytes so far are kept, and the object does not exist yet. */
const resumeIncomplete = 308

interface SendOptions extends CallOptions {
  readonly onProgress: OnProgress
}

/** A resumable upload, which its first part begins. An object of one part needs none. */
export class GcsUpload implements PartTarget {
  readonly #destination: Destination
  readonly #checksum = new Crc32c()
  /** A secret: a request with this URL needs no credentials to write. */
  #session: string | undefined
  #last: Part | undefined

  constructor(destination: Destination) {
    this.#destination = destination
  }

  async sendPart(part: Part, call: PartCall): Promise<void> {
    // The last part publishes the object: the commit sends it.
    if (part.isLast) this.#last = part
    else await this.#sendBytes(part, this.#attempt('sendPart'), call)
    this.#checksum.update(bufferOf(part.body))
  }

  async publishWhole(body: Uint8Array): Promise<StoredObject> {
    return await putObject(this.#destination, body)
  }

  async publishParts(): Promise<StoredObject> {
    const { key, options } = this.#destination
    const attempt = this.#attempt('finishUpload')
    if (this.#last === undefined) throw errors.strangeAnswer(attempt, 'no part was the last one')
    const { onProgress = () => undefined, signal } = options
    const stored = await this.#sendBytes(this.#last, attempt, { onProgress, signal })
    if (stored === undefined) throw errors.strangeAnswer(attempt, 'the upload never ends')
    if ((stored.crc32c ?? String(this.#checksum)) !== String(this.#checksum)) {
      throw storedDamaged(attempt)
    }
    return describe(key, stored, attempt)
  }

  async abandon(): Promise<void> {
    if (this.#session === undefined) return
    try {
      // https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload
      const answer = await sendToSession(this.#session, { method: 'DELETE' })
      await answer.body?.cancel()
    } catch {
      // Google ends sessions after a week, and does not bill them.
    }
  }

  /**
   * Sends a part. Resolves with the object when it is complete, or with undefined when more has to
   * follow.
   */
  async #sendBytes(
    { offset, body, isLast }: Part,
    attempt: Attempt,
    options: SendOptions,
  ): Promise<(Metadata & Answered) | undefined> {
    this.#session ??= await this.#begin(options)
    const session = this.#session
    const end = offset + body.byteLength
    let kept = offset
    for (;;) {
      const request: SessionRequest = {
        method: 'PUT',
        headers: { 'content-range': `bytes ${kept}-${end - 1}/${isLast ? end : '*'}` },
        body: body.subarray(kept - offset),
        ...options,
      }
      const { answer, text } = await callSdk(() => ask(session, request), attempt, options)
      if (answer.ok) return { ...parsed(text, attempt), answeredAt: answeredAt(answer) }
      if (answer.status !== resumeIncomplete) throw answered(refusalIn(answer, text), attempt)
      const before = kept
      kept = keptBytes(answer)
      if (kept === end && !isLast) return undefined
      if (kept <= before || kept >= end)
        throw errors.strangeAnswer(attempt, `it kept ${kept} bytes`)
    }
  }

  async #begin(options: CallOptions): Promise<string> {
    const { options: put } = this.#destination
    const attempt = this.#attempt('openWriter')
    const begin = () =>
      this.#destination.file().createResumableUpload({
        metadata: metadataOf(put),
        preconditionOpts: conditionOf(put.condition),
      })
    const [session] = await callSdk(begin, attempt, options)
    if (!session) throw errors.strangeAnswer(attempt, 'it has no upload session')
    return session
  }

  #attempt(operation: Operation): Attempt {
    return { ...this.#destination.attempt, operation }
  }
}

interface SessionRequest extends CallOptions {
  readonly method: 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly onProgress?: OnProgress
}

/**
 * Sends a request about an upload that was begun, without credentials: the URL of the session
 * suffices.
 * https://cloud.google.com/storage/docs/resumable-uploads#session-uris
 *
 * Not by the SDK: a network that fails under a chunk ends the process there
 * (docs/adr/0146-googles-sdk.md).
 */
async function sendToSession(session: string, request: SessionRequest): Promise<Response> {
  const { method, headers, body, onProgress = () => undefined, signal } = request
  return await fetch(session, {
    method,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }),
    },
    // 308 means "continue the upload" here.
    redirect: 'manual',
    ...(body === undefined ? {} : streamOf(body, onProgress)),
    signal: signal ?? null,
  })
}

function streamOf(body: Uint8Array, onProgress: OnProgress): RequestInit {
  const stream = Readable.toWeb(bodyInPieces(body, onProgress))
  return { body: stream as ReadableStream<Uint8Array<ArrayBuffer>>, duplex: 'half' }
}

async function ask(
  session: string,
  request: SessionRequest,
): Promise<{ readonly answer: Response; readonly text: string }> {
  const answer = await sendToSession(session, request)
  return { answer, text: await answer.text() }
}

function parsed(text: string, attempt: Attempt): Metadata {
  try {
    return JSON.parse(text) as Metadata
  } catch (error) {
    throw errors.brokenOff(attempt, error)
  }
}

function refusalIn({ status, headers }: Response, body: string): Refusal {
  return { status, body, header: (name) => headers.get(name) ?? undefined }
}

/** Returns how many bytes of the object Google keeps, which may be fewer than were sent. */
function keptBytes(answer: Response): number {
  const [, last] = /^bytes=0-(\d+)$/.exec(headerOf(answer, 'range') ?? '') ?? []
  return last === undefined ? 0 : Number(last) + 1
}

function bufferOf(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
