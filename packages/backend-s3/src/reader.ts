import { addAbortSignal, type Readable } from 'node:stream'
import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3'
import {
  type ByteRange,
  type GetOptions,
  type ObjectKey,
  type ObjectReader,
  type ObjectVersion,
  type StoredObject,
  spanOf,
} from '@kannery/storage'
import { answeredAt, type Connection } from './client.ts'
import { type Attempt, cutOff, outsideRange, s3Error, strangeAnswer } from './errors.ts'

/** Bytes `start` to `end` (exclusive) of an object of `size` bytes. */
interface Span {
  readonly start: number
  readonly end: number
  readonly size: number
}

export async function openReader(
  { client, sdk }: Connection,
  request: Pick<GetObjectCommandInput, 'Bucket' | 'Key'>,
  key: ObjectKey,
  options: GetOptions,
  attempt: Attempt,
): Promise<ObjectReader> {
  const { range, ifVersion, signal } = options
  const isEmpty = range !== undefined && selectsNothing(range)
  const input: GetObjectCommandInput = {
    ...request,
    // HTTP cannot ask for nothing: the whole object then tells its size, and whether it is there.
    ...(range === undefined || isEmpty ? {} : { Range: rangeHeader(range) }),
    ...(ifVersion === undefined ? {} : { IfMatch: ifVersion }),
  }
  try {
    const output = await client.send(
      new sdk.GetObjectCommand(input),
      signal === undefined ? {} : { abortSignal: signal },
    )
    const body = output.Body as Readable
    try {
      const span = answeredSpan(output, attempt)
      if (isEmpty) throw outsideRange(attempt, span.size)
      if (range !== undefined) assertSelected(range, span, attempt)
      return {
        info: describe(key, { ...output, ContentLength: span.size }, attempt),
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
    throw s3Error(error, attempt, options)
  }
}

/** What S3 tells about an object, as the contract wants it. */
export function describe(
  key: ObjectKey,
  output: Pick<GetObjectCommandOutput, '$metadata' | 'ContentLength' | 'ETag' | 'LastModified'>,
  attempt: Attempt,
): StoredObject {
  const { ContentLength: size, ETag: etag, LastModified: lastModified } = output
  if (size === undefined || etag === undefined || lastModified === undefined) {
    throw strangeAnswer(attempt, 'it tells no size, ETag or time')
  }
  return { key, size, version: etag as ObjectVersion, lastModified, ...answeredAt(output) }
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

function rangeHeader(range: ByteRange): string {
  switch (range.kind) {
    case 'span':
      return `bytes=${range.start}-${range.end - 1}`
    case 'from':
      return `bytes=${range.start}-`
    case 'last':
      return `bytes=-${range.length}`
  }
}

function answeredSpan(output: GetObjectCommandOutput, attempt: Attempt): Span {
  const { ContentRange: range, ContentLength: length } = output
  if (length === undefined) throw strangeAnswer(attempt, 'it tells no length')
  if (range === undefined) return { start: 0, end: length, size: length }
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range) ?? []
  const span = { start: Number(first), end: Number(last) + 1, size: Number(size) }
  if (span.end - span.start === length) return span
  throw strangeAnswer(attempt, `${length} bytes are not ${range}`)
}

/** A store may answer with less than was asked for, or with the whole object. */
function assertSelected(range: ByteRange, span: Span, attempt: Attempt): void {
  const { start, end } = spanOf(range, span.size)
  if (start >= end || end > span.size) throw outsideRange(attempt, span.size)
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
    throw s3Error(error, attempt, signal === undefined ? {} : { signal })
  }
}
