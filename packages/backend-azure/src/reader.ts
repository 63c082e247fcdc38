import { addAbortSignal, type Readable } from 'node:stream'
import type { BlobClient, BlobDownloadResponseParsed } from '@azure/storage-blob'
import {
  type ByteRange,
  type GetOptions,
  type ObjectKey,
  type ObjectReader,
  type ObjectVersion,
  type StoredObject,
  spanOf,
} from '@kannery/storage'
import { type Attempt, azureError, cutOff, outside, strangeAnswer } from './errors.ts'

/** Bytes `start` to `end` (exclusive) of an object of `size` bytes. */
interface Span {
  readonly start: number
  readonly end: number
  readonly size: number
}

export async function openReader(
  blob: BlobClient,
  key: ObjectKey,
  options: GetOptions,
  attempt: Attempt,
): Promise<ObjectReader> {
  const { range, signal } = options
  try {
    const wanted = await resolve(blob, options, attempt)
    const output = await blob.download(wanted.start, wanted.count, {
      // The SDK would ask again on its own when a body breaks off.
      maxRetryRequests: 0,
      ...(wanted.version === undefined ? {} : { conditions: { ifMatch: wanted.version } }),
      ...(signal === undefined ? {} : { abortSignal: signal }),
    })
    const body = output.readableStreamBody as Readable
    try {
      const span = answeredSpan(output, attempt)
      if (range !== undefined) assertSelected(range, span, attempt)
      const { etag, lastModified, date } = output
      return {
        info: describe(key, { contentLength: span.size, etag, lastModified, date }, attempt),
        body: readAll(body, span, signal, attempt),
        [Symbol.asyncDispose]: async () => {
          body.destroy()
        },
      }
    } catch (error) {
      body.destroy()
      throw error
    }
  } catch (error) {
    throw azureError(error, attempt, options)
  }
}

/** What Azure tells about an object, as the contract wants it. */
export function describe(
  key: ObjectKey,
  output: {
    readonly contentLength?: number | undefined
    readonly etag?: string | undefined
    readonly lastModified?: Date | undefined
    readonly date?: Date | undefined
  },
  attempt: Attempt,
): StoredObject {
  const { contentLength: size, etag, lastModified, date } = output
  if (size === undefined || etag === undefined || lastModified === undefined) {
    throw strangeAnswer(attempt, 'it tells no size, ETag or time')
  }
  const now = date === undefined ? {} : { answeredAt: date }
  return { key, size, version: versionOf(etag), lastModified, ...now }
}

/** Azure quotes ETags in headers, but not in listings. */
export function versionOf(etag: string): ObjectVersion {
  return etag.replace(/^(?!")(.*)$/, '"$1"') as ObjectVersion
}

interface Wanted {
  readonly start: number
  readonly count?: number
  readonly version?: ObjectVersion
}

/** Azure knows no "last bytes", and nobody can ask for none: for these it takes a look at the object first. */
async function resolve(blob: BlobClient, options: GetOptions, attempt: Attempt): Promise<Wanted> {
  const { range, ifVersion, signal } = options
  const version = ifVersion === undefined ? {} : { version: ifVersion }
  if (range === undefined) return { start: 0, ...version }
  if (range.kind === 'span' && selectsSomething(range.start, range.end)) {
    return { start: range.start, count: range.end - range.start, ...version }
  }
  if (range.kind === 'from' && selectsSomething(range.start, Number.MAX_SAFE_INTEGER)) {
    return { start: range.start, ...version }
  }
  const { contentLength: size = 0, etag } = await blob.getProperties({
    ...(ifVersion === undefined ? {} : { conditions: { ifMatch: ifVersion } }),
    ...(signal === undefined ? {} : { abortSignal: signal }),
  })
  const { start, end } = spanOf(range, size)
  if (!selectsSomething(start, end) || etag === undefined) throw outside(attempt, size)
  return { start, count: end - start, version: versionOf(etag) }
}

function selectsSomething(start: number, end: number): boolean {
  return Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start < end
}

function answeredSpan(output: BlobDownloadResponseParsed, attempt: Attempt): Span {
  const { contentRange: range, contentLength: length } = output
  if (length === undefined) throw strangeAnswer(attempt, 'it tells no length')
  if (range === undefined) return { start: 0, end: length, size: length }
  const [, first, last, size] = /^bytes (\d+)-(-?\d+)\/(\d+)$/.exec(range) ?? []
  const span = { start: Number(first), end: Number(last) + 1, size: Number(size) }
  // Azurite says "0--1/0" of an object that has no byte.
  if (span.end - span.start === length) return span
  throw strangeAnswer(attempt, `${length} bytes are not ${range}`)
}

/** Azure answers with less than was asked for when less is there. */
function assertSelected(range: ByteRange, span: Span, attempt: Attempt): void {
  const { start, end } = spanOf(range, span.size)
  if (start >= end || end > span.size) throw outside(attempt, span.size)
  if (start !== span.start || end !== span.end) {
    throw strangeAnswer(attempt, `bytes ${start} to ${end} were asked for, others came`)
  }
}

async function* readAll(
  body: Readable,
  span: Span,
  signal: AbortSignal | undefined,
  attempt: Attempt,
): AsyncGenerator<Uint8Array> {
  let missing = span.end - span.start
  try {
    const chunks = signal === undefined ? body : addAbortSignal(signal, body)
    for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
      missing -= chunk.byteLength
      yield chunk
    }
    if (missing !== 0) throw cutOff(attempt, missing)
  } catch (error) {
    throw azureError(error, attempt, signal === undefined ? {} : { signal })
  }
}
