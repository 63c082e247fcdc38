import {
  type ByteRange,
  type GetOptions,
  type ObjectKey,
  type ObjectReader,
  spanOf,
} from '@kannery/storage'
import { answeredAt, type GcsClient } from './client.ts'
import {
  type Attempt,
  cutOff,
  gcsError,
  outsideRange,
  preconditionFailed,
  strangeAnswer,
} from './errors.ts'
import { describe } from './metadata.ts'

/** Bytes `start` to `end` (exclusive) of an object of `size` bytes. */
interface Span {
  readonly start: number
  readonly end: number
  readonly size: number
}

/** 416, which tells the version and the size as a good answer does. */
const unsatisfiable = 416

/** https://cloud.google.com/storage/docs/json_api/v1/objects/get, with `alt=media`. */
export async function openReader(
  client: GcsClient,
  path: string,
  key: ObjectKey,
  options: GetOptions,
  attempt: Attempt,
): Promise<ObjectReader> {
  const { range, ifVersion, signal } = options
  const isEmpty = range !== undefined && selectsNothing(range)
  const request = {
    method: 'GET',
    path,
    query: { alt: 'media', ifGenerationMatch: ifVersion },
    headers: {
      'accept-encoding': 'identity',
      // HTTP cannot ask for nothing: the whole object then tells its size, and whether it is there.
      ...(range === undefined || isEmpty ? {} : { range: rangeHeader(range) }),
    },
    accept: [unsatisfiable],
    ...(signal === undefined ? {} : { signal }),
  } as const
  const answer = await client.send(request, attempt)
  try {
    const { headers } = answer
    const generation = headers.get('x-goog-generation') ?? undefined
    // Not every emulator compares it, and none before it looks at the range.
    const isOther = generation !== undefined && generation !== (ifVersion ?? generation)
    if (isOther) throw preconditionFailed(attempt)
    if (answer.status === unsatisfiable) throw outsideRange(attempt, sizeAfterAll(headers))
    const span = answeredSpan(headers, attempt)
    if (isEmpty) throw outsideRange(attempt, span.size)
    if (range !== undefined) assertSelected(range, span, attempt)
    const updated = headers.get('last-modified') ?? undefined
    const metadata = { size: String(span.size), generation, updated }
    return {
      info: describe(key, { ...withoutAbsent(metadata), ...answeredAt(answer) }, attempt),
      body: readAll(answer, span, attempt, signal),
      [Symbol.asyncDispose]: () => cancel(answer),
    }
  } catch (error) {
    await cancel(answer)
    throw error
  }
}

type Fields = Readonly<Record<string, string | undefined>>

function withoutAbsent(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
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

/** What comes after the slash in the range of a 416. */
function sizeAfterAll(headers: Headers): number {
  return Number(/\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] ?? 0)
}

function answeredSpan(headers: Headers, attempt: Attempt): Span {
  const length = Number(headers.get('content-length') ?? Number.NaN)
  if (!isPosition(length)) throw strangeAnswer(attempt, 'it tells no length')
  const range = headers.get('content-range')
  if (range === null) return { start: 0, end: length, size: length }
  const [, first, last, size] = /^bytes (\d+)-(-?\d+)\/(\d+)$/.exec(range) ?? []
  const span = { start: Number(first), end: Number(last) + 1, size: Number(size) }
  // Emulators say "0--1/0" of an object that has no byte.
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
  { body }: Response,
  span: Span,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let missing = span.end - span.start
  try {
    for await (const chunk of body ?? []) {
      missing -= chunk.byteLength
      yield chunk
    }
    if (missing !== 0) throw cutOff(attempt, missing)
  } catch (error) {
    throw gcsError(error, attempt, signal === undefined ? {} : { signal })
  }
}

/** Of a body that somebody reads, or that has ended, nothing is left to cancel. */
async function cancel({ body }: Response): Promise<void> {
  if (body?.locked === false) await body.cancel().catch(() => undefined)
}
