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

/** A segment that was found, and an entry for all of it. */
export interface FoundSegment {
  readonly header: SegmentHeader
  readonly entry: SegmentEntry
  /** Whether some of its bytes are lost; the rest can be restored. */
  readonly damaged: boolean
}

/** An object that the index does not name, and why. */
export interface LeftOut {
  readonly key: ObjectKey
  readonly why: string
}

/** What a topic's folder contains, by its segments alone. */
export interface FolderSurvey {
  /** Segments in the order of their ids. */
  readonly segments: readonly FoundSegment[]
  readonly pages: readonly Ulid[]
  readonly leftOut: readonly LeftOut[]
  readonly damages: readonly Damage[]
  /** The greatest id of a segment or page. */
  readonly greatestId: Ulid | undefined
}

/** Reports how much of the segments was read so far. */
export interface SurveyProgress {
  /** Number of records in the segments that can be used. */
  readonly records: number
  /** Size of the segments that were read, bytes. */
  readonly bytes: number
}

/**
 * Reads every segment in a topic's folder completely, twice. Damage is reported in `damages`, and
 * damaged segments are used as far as possible.
 *
 * @throws STORAGE_*, but not for a segment that is deleted meanwhile, which is ignored
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

/** Reads a segment; undefined when it is gone. */
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
 * Describes a segment by its footer, or else by its header and the chunks that are still found.
 * undefined when it cannot be identified.
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

/**
 * Makes an entry without the facts that only a footer has. No time window may exclude such a
 * segment.
 */
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
