import { addAbortSignal, type Readable } from 'node:stream'
import type { BlobClient } from '@azure/storage-blob'
import {
  type GetOptions,
  type ObjectKey,
  type ObjectReader,
  type ObjectVersion,
  type StoredObject,
  spanOf,
} from '@kannery/storage'
import { RangeRequest } from '@kannery/storage/backend'
import { abortOptions, unlessChanged } from './client.ts'
import { type Attempt, azureError, errors } from './errors.ts'

/**
 * Opens an object for reading.
 * https://learn.microsoft.com/rest/api/storageservices/get-blob
 */
export async function openReader(
  blob: BlobClient,
  key: ObjectKey,
  options: GetOptions,
  attempt: Attempt,
): Promise<ObjectReader> {
  const { range, signal } = options
  try {
    const request = new RangeRequest(range, errors, attempt)
    const wanted = await resolve(blob, request, options, attempt)
    const output = await blob.download(wanted.start, wanted.count, {
      // The SDK would ask again by itself when a body breaks off.
      maxRetryRequests: 0,
      ...unlessChanged(wanted.version),
      ...abortOptions(signal),
    })
    const body = output.readableStreamBody as Readable
    try {
      const { contentLength, contentRange } = output
      const span = request.accept({ contentLength, contentRange })
      const { etag, lastModified, date } = output
      return {
        info: describe(key, { contentLength: span.size, etag, lastModified, date }, attempt),
        body: request.read(
          signal === undefined ? body : addAbortSignal(signal, body),
          span,
          (error) => azureError(error, attempt, options),
        ),
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

/** Returns what Azure says about an object in the form of the contract. */
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
    throw errors.strangeAnswer(attempt, 'it has no size, ETag or time')
  }
  return { key, size, version: versionOf(etag), lastModified, answeredAt: date }
}

/** Azure quotes ETags in headers, but not in listings. */
export function versionOf(etag: string): ObjectVersion {
  return etag.replace(/^(?!")(.*)$/, '"$1"') as ObjectVersion
}

interface Wanted {
  readonly start: number
  readonly count?: number
  readonly version: ObjectVersion | undefined
}

/**
 * Returns what to ask for. Azure has no "last bytes", and HTTP cannot ask for no bytes: for these
 * it looks at the object first.
 */
async function resolve(
  blob: BlobClient,
  request: RangeRequest,
  options: GetOptions,
  attempt: Attempt,
): Promise<Wanted> {
  const { range, ifVersion, signal } = options
  if (range === undefined) return { start: 0, version: ifVersion }
  const isSomething = request.header !== undefined
  if (range.kind === 'span' && isSomething) {
    return { start: range.start, count: range.end - range.start, version: ifVersion }
  }
  if (range.kind === 'from' && isSomething) return { start: range.start, version: ifVersion }
  const { contentLength: size = 0, etag } = await blob.getProperties({
    ...unlessChanged(ifVersion),
    ...abortOptions(signal),
  })
  const { start, end } = spanOf(range, size)
  if (!isSomething || start >= end || etag === undefined) throw errors.outsideRange(attempt, size)
  return { start, count: end - start, version: versionOf(etag) }
}
