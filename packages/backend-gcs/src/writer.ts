import type { Part, PartCall, PartSizes, PartTarget, StoredObject } from '@kannery/storage'
import { type GcsClient, readJson } from './client.ts'
import { type Attempt, errors } from './errors.ts'
import { describe, type Metadata, metadataFields } from './metadata.ts'
import type { Operation } from './permissions.ts'
import { conditionOf, type Destination, putObject, uploadPath } from './writing.ts'

const kib = 1024

/**
 * Parts follow each other: Google takes the bytes of a session only in order.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload
 */
export const partSizes: PartSizes = {
  leastBytes: 256 * kib,
  unitBytes: 256 * kib,
  preferredBytes: 16 * 1024 * kib,
  parallel: 1,
}

/** "Go on": the bytes so far are kept, the object is not there yet. */
const resumeIncomplete = 308

/** A resumable upload, begun with its first part; an object of one part needs none. */
export class GcsUpload implements PartTarget {
  readonly #client: GcsClient
  readonly #destination: Destination
  /** Whoever knows this URL may write: never shown. */
  #session: string | undefined
  #last: Part | undefined

  constructor(client: GcsClient, destination: Destination) {
    this.#client = client
    this.#destination = destination
  }

  async sendPart(part: Part, { signal }: PartCall): Promise<void> {
    // Its arrival publishes the object: that is for the commit.
    if (part.isLast) this.#last = part
    else await this.#sendBytes(part, this.#attempt('sendPart'), signal)
  }

  async publishWhole(body: Uint8Array): Promise<StoredObject> {
    return await putObject(this.#client, this.#destination, body)
  }

  async publishParts(): Promise<StoredObject> {
    const { key, options } = this.#destination
    const attempt = this.#attempt('finishUpload')
    if (this.#last === undefined) throw errors.strangeAnswer(attempt, 'no part was the last one')
    const answer = await this.#sendBytes(this.#last, attempt, options.signal)
    if (answer === undefined) throw errors.strangeAnswer(attempt, 'the upload never ends')
    return describe(key, await readJson<Metadata>(answer, attempt, options), attempt)
  }

  async abandon(): Promise<void> {
    if (this.#session === undefined) return
    try {
      const answer = await this.#client.send(
        // https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload
        { method: 'DELETE', path: this.#session, accept: [499] },
        this.#attempt('sendPart'),
      )
      await answer.body?.cancel()
    } catch {
      // Google ends sessions after a week, and nobody pays for them.
    }
  }

  /** Resolves with the answer that the object is there, or undefined when there is more to send. */
  async #sendBytes(
    { offset, body, isLast }: Part,
    attempt: Attempt,
    signal: AbortSignal | undefined,
  ): Promise<Response | undefined> {
    this.#session ??= await this.#begin(signal)
    const end = offset + body.byteLength
    let kept = offset
    for (;;) {
      const answer = await this.#client.send(
        {
          method: 'PUT',
          path: this.#session,
          headers: {
            'content-range': `bytes ${kept}-${end - 1}/${isLast ? end : '*'}`,
          },
          body: body.subarray(kept - offset) as Uint8Array<ArrayBuffer>,
          accept: [resumeIncomplete],
          ...(signal === undefined ? {} : { signal }),
        },
        attempt,
      )
      if (answer.status !== resumeIncomplete) return answer
      await answer.body?.cancel()
      const before = kept
      kept = keptBytes(answer)
      if (kept === end && !isLast) return undefined
      if (kept <= before || kept >= end)
        throw errors.strangeAnswer(attempt, `it kept ${kept} bytes`)
    }
  }

  async #begin(signal: AbortSignal | undefined): Promise<string> {
    const { bucket, name, options } = this.#destination
    const { contentType = 'application/octet-stream', condition } = options
    const attempt = this.#attempt('openWriter')
    const answer = await this.#client.send(
      {
        method: 'POST',
        path: uploadPath(bucket),
        query: { uploadType: 'resumable', ...conditionOf(condition), fields: metadataFields },
        headers: { 'content-type': 'application/json; charset=UTF-8' },
        body: JSON.stringify({ name, contentType }),
        ...(signal === undefined ? {} : { signal }),
      },
      attempt,
    )
    await answer.body?.cancel()
    const session = answer.headers.get('location')
    if (session === null) throw errors.strangeAnswer(attempt, 'it tells no upload session')
    return session
  }

  #attempt(operation: Operation): Attempt {
    return { ...this.#destination.attempt, operation }
  }
}

/** How much of the object has arrived: it may be less than was sent. */
function keptBytes(answer: Response): number {
  const [, last] = /^bytes=0-(\d+)$/.exec(answer.headers.get('range') ?? '') ?? []
  return last === undefined ? 0 : Number(last) + 1
}
