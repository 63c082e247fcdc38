import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'
import type { CoveredRange, SegmentEntry } from '../index-file/format/model.ts'
import { namedObject, topicKeys } from '../layout/keys.ts'
import { digestOf, entryOf, type WholeObject } from '../recovery/inspect-segment.ts'
import type { Damage } from '../segment/format/damage.ts'
import type { SegmentHeader } from '../segment/format/segment-header.ts'
import { readSegmentHeader } from '../segment/read-header.ts'
import { openSegment } from '../segment/reader.ts'
import { salvageSegment } from '../segment/salvage/salvage.ts'
import { verifySegment } from '../segment/salvage/verify.ts'
import { laterUlid, type Ulid } from '../ulid/ulid.ts'

/** A segment that says what it is, and the entry that names all of it. */
export interface FoundSegment {
  readonly header: SegmentHeader
  readonly entry: SegmentEntry
  /** Some of its bytes are lost; the rest can be restored. */
  readonly damaged: boolean
}

/** An object that stays out of the index, and why. */
export interface LeftOut {
  readonly key: ObjectKey
  readonly why: string
}

export interface FolderSurvey {
  /** In the order of their ids. */
  readonly segments: readonly FoundSegment[]
  readonly pages: readonly Ulid[]
  readonly leftOut: readonly LeftOut[]
  readonly damages: readonly Damage[]
  /** The greatest name of a segment or page. */
  readonly greatestId: Ulid | undefined
}

/** Of the segments that were read. */
export interface SurveyProgress {
  readonly records: number
  readonly bytes: number
}

/**
 * Reads every segment in a topic's folder wholly, twice. What is damaged is told in `damages`, and
 * used as far as it goes.
 *
 * @throws STORAGE_*; a segment that is deleted meanwhile is as if it had not been there
 */
export async function surveySegments(
  storage: StorageBackend,
  topic: string,
  onProgress: (progress: SurveyProgress) => void = () => undefined,
): Promise<FolderSurvey> {
  const { folder, segment: keyOf } = topicKeys(topic)
  const segments: FoundSegment[] = []
  const pages: Ulid[] = []
  const leftOut: LeftOut[] = []
  const damages: Damage[] = []
  const ids: Ulid[] = []
  for await (const listed of storage.list(folder, { depth: 'children' })) {
    const object = listed.kind === 'object' ? namedObject(folder, listed.info.key) : undefined
    if (object?.kind === 'page') pages.push(object.id)
    if (object?.kind === 'segment') ids.push(object.id)
  }
  let records = 0
  let bytes = 0
  for (const id of ids.toSorted()) {
    const key = keyOf(id)
    const found = await examine(storage, { key, id, topic })
    if (found === undefined) continue
    damages.push(...found.damages)
    if (found.kind === 'left-out') leftOut.push({ key, why: found.why })
    else segments.push(found.segment)
    records += found.kind === 'segment' ? found.segment.entry.records : 0
    bytes += found.bytes
    onProgress({ records, bytes })
  }
  const greatestId = [...ids, ...pages].reduce<Ulid | undefined>(laterUlid, undefined)
  return { segments, pages, leftOut, damages, greatestId }
}

type Examined = { readonly damages: readonly Damage[]; readonly bytes: number } & (
  | { readonly kind: 'segment'; readonly segment: FoundSegment }
  | { readonly kind: 'left-out'; readonly why: string }
)

interface Place {
  readonly key: ObjectKey
  readonly id: Ulid
  readonly topic: string
}

/** undefined when it is gone. */
async function examine(storage: StorageBackend, place: Place): Promise<Examined | undefined> {
  const { key, topic } = place
  const damages: Damage[] = []
  try {
    const whole = await digestOf(storage, key)
    for await (const damage of verifySegment(storage, key, whole)) damages.push(damage)
    const segment = await describe(storage, place, { whole, damaged: damages.length > 0 })
    const facts = { damages, bytes: whole.bytes }
    if (segment === undefined) return { ...facts, kind: 'left-out', why: 'its header is damaged' }
    if (segment.header.topic === topic) return { ...facts, kind: 'segment', segment }
    const why = `it is of topic "${segment.header.topic}"`
    return { ...facts, kind: 'left-out', why }
  } catch (error) {
    if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return undefined
    if (!KanneryError.is(error, 'DATA_VERSION_UNSUPPORTED')) throw error
    return { kind: 'left-out', why: 'it needs a newer version of Kannery', damages, bytes: 0 }
  }
}

interface Examination {
  readonly whole: WholeObject
  readonly damaged: boolean
}

/**
 * By its footer, or else by its header and what chunks are still found. undefined when it does not
 * say what it belongs to.
 */
async function describe(
  storage: StorageBackend,
  { key, id }: Place,
  { whole, damaged }: Examination,
): Promise<FoundSegment | undefined> {
  try {
    const { footer } = await openSegment(storage, { key })
    return { header: footer.header, entry: entryOf(id, footer, whole), damaged }
  } catch (error) {
    if (!KanneryError.is(error, 'DATA_CORRUPT')) throw error
  }
  const header = await headerOf(storage, key)
  if (header === undefined || header.segment !== id) return undefined
  return { header, entry: await salvagedEntry(storage, key, { header, whole }), damaged }
}

async function headerOf(
  storage: StorageBackend,
  key: ObjectKey,
): Promise<SegmentHeader | undefined> {
  try {
    return await readSegmentHeader(storage, key)
  } catch (error) {
    if (KanneryError.is(error, 'DATA_CORRUPT')) return undefined
    throw error
  }
}

/** What only a footer knows is unknown: no window of time may exclude it. */
async function salvagedEntry(
  storage: StorageBackend,
  key: ObjectKey,
  { header, whole }: { readonly header: SegmentHeader; readonly whole: WholeObject },
): Promise<SegmentEntry> {
  const offsets: Record<number, CoveredRange> = {}
  let records = 0
  let largest = 0
  for await (const part of salvageSegment(storage, key)) {
    if (part.kind !== 'chunk' || part.chunk.facts.kind !== 'batches') continue
    const { partition, from, next, leaderEpoch, ...facts } = part.chunk.facts
    offsets[partition] = [offsets[partition]?.[0] ?? from, next, leaderEpoch]
    records += facts.records
    largest = Math.max(largest, part.chunk.raw.byteLength)
  }
  return {
    id: header.segment,
    in: header.incarnation,
    ...whole,
    records,
    visible: null,
    offsets,
    time: records === 0 ? null : [null, Number.MAX_SAFE_INTEGER],
    captured: [header.createdAt, header.createdAt],
    maxBatchBytes: largest,
    flags: [],
    expires: null,
  }
}
