import { type ObjectKey, objectKey } from '@kannery/storage'
import { MemoryStorage, TestClock } from '@kannery/storage-testkit'
import { crc32c } from '../src/digest/crc32c.ts'
import type { ChunkCodec } from '../src/segment/format/chunk-header.ts'
import {
  type ChunkFacts,
  type EncodedChunk,
  encodeChunk,
} from '../src/segment/format/encode-chunk.ts'
import type { AbortedRange } from '../src/segment/format/footer.ts'
import { magic } from '../src/segment/format/format.ts'
import type { SegmentHeader } from '../src/segment/format/segment-header.ts'
import { type SealedSegment, SegmentWriter } from '../src/segment/writer.ts'
import type { Ulid } from '../src/ulid/ulid.ts'

export const sampleHeader: SegmentHeader = {
  format: 1,
  requires: { read: [], write: [] },
  topic: 'orders',
  topicId: 'kqJ0Vx1kTfuQ3yNnA1cGmw',
  cluster: 'MkU3OEVBNTcwNTJENDM2Qg',
  incarnation: 0,
  segment: '01JD8Z3V9GQ5M2K7R4T6W8Y0AB' as Ulid,
  epoch: 7,
  createdAt: '2026-11-23T07:00:00.000Z',
  writer: 'test',
}

export const sampleKey: ObjectKey = objectKey(`orders/${sampleHeader.segment}.kan`)

/** A chunk of partition 0 with one batch for each offset. */
export function facts(changes: Partial<ChunkFacts> = {}): ChunkFacts {
  const { from = 0, next = from + 1 } = changes
  return {
    kind: 'batches',
    partition: 0,
    leaderEpoch: 5,
    from,
    next,
    fetchedAt: 1_763_881_201_000,
    batches: next - from,
    records: next - from,
    flags: {},
    minTimestamp: 1_763_881_200_000,
    maxTimestamp: 1_763_881_200_500,
    maxBatchBytes: 100,
    controlBatches: 0,
    ...changes,
  }
}

export interface SampleChunk {
  readonly facts: ChunkFacts
  readonly raw: Uint8Array
  readonly codec?: ChunkCodec
}

export function encode({ facts, raw, codec = 'none' }: SampleChunk): Promise<EncodedChunk> {
  return encodeChunk(facts, raw, { codec, rawCrc: crc32c(raw) })
}

export interface SampleSegment {
  readonly storage: MemoryStorage
  readonly key: ObjectKey
  readonly bytes: Uint8Array
  readonly sealed: SealedSegment
}

/** A segment as a writer makes it, alone in a storage. */
export async function writeSegment(
  chunks: readonly SampleChunk[],
  aborted: readonly AbortedRange[] = [],
): Promise<SampleSegment> {
  const storage = emptyStorage()
  const output = await storage.openWriter(sampleKey, { condition: { kind: 'if-absent' } })
  const writer = new SegmentWriter(output, sampleHeader)
  for (const chunk of chunks) await writer.append(await encode(chunk))
  const sealed = await writer.finish({ aborted })
  await output.commit()
  const bytes = storage.contents().get(sampleKey)
  if (bytes === undefined) throw new Error('nothing was written')
  return { storage, key: sampleKey, bytes, sealed }
}

export function emptyStorage(): MemoryStorage {
  return MemoryStorage.open({ clock: new TestClock() })
}

/** A storage in which only these bytes lie, as a segment. */
export async function storageOf(bytes: Uint8Array): Promise<MemoryStorage> {
  const storage = emptyStorage()
  await storage.put(sampleKey, bytes, { condition: { kind: 'if-absent' } })
  return storage
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

export interface CraftedSegment {
  readonly header?: unknown
  readonly chunks?: readonly Uint8Array[]
  readonly footer: unknown
}

/**
 * Bytes with right lengths and checksums around whatever JSON and chunks: what a later version, or
 * an attacker, may write.
 */
export function craft({ header = sampleHeader, chunks = [], footer }: CraftedSegment): Uint8Array {
  const headerJson = Buffer.from(JSON.stringify(header))
  const start = checksummed([u32(headerJson.length), headerJson])
  return Buffer.concat([magic, start, ...chunks, craftFooter(JSON.stringify(footer))])
}

export function craftFooter(json: string): Uint8Array {
  const bytes = Buffer.from(json)
  return Buffer.concat([checksummed([bytes, u32(bytes.length)]), magic])
}

/** A chunk's 68 bytes with a right checksum, whatever is in them. */
export function craftChunk(encoded: EncodedChunk, change: (header: Buffer) => void): Uint8Array {
  const header = Buffer.from(encoded.header)
  change(header)
  return Buffer.concat([checksummed([header.subarray(0, 64)]), encoded.stored])
}

function checksummed(parts: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts)
  return Buffer.concat([bytes, u32(crc32c(bytes))])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
