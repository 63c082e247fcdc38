import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'
import { type Digest, RunningDigest } from '../digest/digest.ts'
import type { SegmentEntry } from '../index-file/format/model.ts'
import type { ChunkFlags } from '../segment/format/chunk-header.ts'
import type { ChunkTableEntry, SegmentFooter } from '../segment/format/footer.ts'
import { timesOfChunks } from '../segment/format/record-times.ts'
import { openSegment } from '../segment/reader.ts'
import { verifySegment } from '../segment/salvage/verify.ts'
import type { Ulid } from '../ulid/ulid.ts'

/** What a segment says of itself, or why it cannot be used. Its chunks were not looked at. */
export type InspectedSegment =
  | { readonly kind: 'readable'; readonly footer: SegmentFooter }
  | { readonly kind: 'damaged' | 'too-new' | 'gone' }

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
 * What an index tells of a segment that it does not name yet, from the segment alone. Reads it
 * twice: once for the digest, and once to check every byte against it.
 *
 * @returns undefined when it is damaged
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

/** By its footer. `object`: all that lies under its key. */
export function entryOf(id: Ulid, footer: SegmentFooter, object: WholeObject): SegmentEntry {
  const { header, chunks, coverage, captured, maxBatchBytes } = footer
  const batches = chunks.filter(({ kind }) => kind === 'batches')
  const records = batches.reduce((sum, chunk) => sum + chunk.records - chunk.controlBatches, 0)
  const flags = flagsOfAny(chunks)
  // A footer names aborted transactions, and does not count their records.
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

export interface WholeObject {
  readonly bytes: number
  readonly digest: Digest
}

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
