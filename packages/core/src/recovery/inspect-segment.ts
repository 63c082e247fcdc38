import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'
import { type Digest, RunningDigest } from '../digest/digest.ts'
import type { SegmentEntry } from '../index-file/format/model.ts'
import type { ChunkFlags } from '../segment/format/chunk-header.ts'
import type { ChunkTableEntry, SegmentFooter } from '../segment/format/footer.ts'
import { timesOfChunks } from '../segment/format/record-times.ts'
import { openSegment } from '../segment/reader.ts'
import { verifySegment } from '../segment/salvage/verify.ts'
import type { Ulid } from '../ulid/ulid.ts'

/** The footer of a segment, or why it cannot be used. The chunks were not read. */
export type InspectedSegment =
  | { readonly kind: 'readable'; readonly footer: SegmentFooter }
  | { readonly kind: 'damaged' | 'too-new' | 'gone' }

/** Reads the footer of a segment. */
export async function inspectSegment(
  storage: StorageBackend,
  key: ObjectKey,
): Promise<InspectedSegment> {
  try {
    return { kind: 'readable', footer: (await openSegment(storage, { key })).footer }
  } catch (error) {
    if (KanneryError.is(error, 'DATA_CORRUPT')) return { kind: 'damaged' }
    if (KanneryError.is(error, 'DATA_VERSION_UNSUPPORTED')) return { kind: 'too-new' }
    if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return { kind: 'gone' }
    throw error
  }
}

/**
 * Makes the index entry of a segment from the segment alone. Reads it twice: for its digest, and to
 * check every byte.
 *
 * @returns undefined when the segment is damaged
 */
export async function entryOfWhole(
  storage: StorageBackend,
  segment: { readonly key: ObjectKey; readonly id: Ulid; readonly footer: SegmentFooter },
): Promise<SegmentEntry | undefined> {
  const { key, id, footer } = segment
  const whole = await digestOf(storage, key)
  for await (const _damage of verifySegment(storage, key, whole)) return undefined
  return entryOf(id, footer, whole)
}

/** Makes the index entry of a segment from its footer, and the size and digest of its object. */
export function entryOf(id: Ulid, footer: SegmentFooter, object: WholeObject): SegmentEntry {
  const { header, chunks, coverage, captured, maxBatchBytes } = footer
  const batches = chunks.filter(({ kind }) => kind === 'batches')
  const records = batches.reduce((sum, chunk) => sum + chunk.records - chunk.controlBatches, 0)
  const flags = flagsOfAny(chunks)
  // A footer names aborted transactions, but not the number of their records.
  const allVisible = flags.includes('transactional') && footer.aborted.length === 0
  const [first, last] = captured ?? [Date.parse(header.createdAt), Date.parse(header.createdAt)]
  return {
    id,
    in: header.incarnation,
    ...object,
    records,
    ...(allVisible ? { visible: records } : {}),
    offsets: coverage,
    ...timesOfChunks(batches),
    captured: [new Date(first).toISOString(), new Date(last).toISOString()],
    maxBatchBytes,
    flags,
    expires: null,
  }
}

/** Size and digest of an object. */
export interface WholeObject {
  readonly bytes: number
  readonly digest: Digest
}

/** Reads an object for its size and digest. */
export async function digestOf(storage: StorageBackend, key: ObjectKey): Promise<WholeObject> {
  const running = new RunningDigest()
  await using object = await storage.get(key)
  for await (const piece of object.body) running.update(piece)
  return { bytes: running.bytes, digest: running.digest }
}

function flagsOfAny(chunks: readonly ChunkTableEntry[]): readonly string[] {
  const names = chunks.flatMap(({ flags }) => flagNames.filter((name) => flags[name] === true))
  return [...new Set(names)].sort()
}

const flagNames = [
  'transactional',
  'holes',
  'logAppendTime',
] as const satisfies readonly (keyof ChunkFlags)[]
