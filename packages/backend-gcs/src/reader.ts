import { type GetOptions, type ObjectKey, type ObjectReader, RangeRequest } from '@kannery/storage'
import { answeredAt, type GcsClient } from './client.ts'
import { type Attempt, errors, gcsError, preconditionFailed } from './errors.ts'
import { describe } from './metadata.ts'

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
  const wanted = new RangeRequest(range, errors, attempt)
  const request = {
    method: 'GET',
    path,
    query: { alt: 'media', ifGenerationMatch: ifVersion },
    headers: {
      'accept-encoding': 'identity',
      ...(wanted.header === undefined ? {} : { range: wanted.header }),
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
    if (answer.status === unsatisfiable) throw errors.outsideRange(attempt, sizeAfterAll(headers))
    const span = wanted.accept({
      contentLength: Number(headers.get('content-length') ?? Number.NaN),
      contentRange: headers.get('content-range') ?? undefined,
    })
    const updated = headers.get('last-modified') ?? undefined
    const metadata = { size: String(span.size), generation, updated }
    return {
      info: describe(key, { ...withoutAbsent(metadata), ...answeredAt(answer) }, attempt),
      body: wanted.read(answer.body ?? [], span, (error) => gcsError(error, attempt, options)),
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

/** What comes after the slash in the range of a 416. */
function sizeAfterAll(headers: Headers): number {
  return Number(/\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] ?? 0)
}

/** Of a body that somebody reads, or that has ended, nothing is left to cancel. */
async function cancel({ body }: Response): Promise<void> {
  if (body?.locked === false) await body.cancel().catch(() => undefined)
}
