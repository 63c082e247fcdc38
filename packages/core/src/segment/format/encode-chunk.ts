import { KanneryError } from '@kannery/storage'
import { crc32c } from '../../digest/crc32c.ts'
import {
  type ChunkCodec,
  type ChunkHeader,
  type ChunkHeaderFacts,
  codecs,
  encodeChunkHeader,
  flagBits,
  kindCode,
  reasonAgainst,
} from './chunk-header.ts'
import { type Allocate, ownMemory } from './format.ts'
import { compressZstd, decompressZstd } from './zstd.ts'
import type { DecodedFrame } from './zstd-thread.ts'
import type { ZstdThreads } from './zstd-threads.ts'

/** Describes a chunk by what its writer knows, for the chunk's header and for the footer. */
export interface ChunkFacts extends ChunkHeaderFacts {
  /**
   * Least timestamp of the records, without control records, milliseconds; null: unknown, because
   * compressed batches are not decoded, or there are no records.
   */
  readonly minTimestamp: number | null
  /** Greatest timestamp of the records, without control records, milliseconds; null: no records. */
  readonly maxTimestamp: number | null
  /**
   * Estimate of the least timestamp by the headers of the batches, milliseconds. For people:
   * readers must not leave out data because of it. Present only if the chunk has records and {@link
   * minTimestamp} is unknown.
   */
  readonly estimatedMinTimestamp?: number
  /** Size of the largest batch, bytes; 0 without batches. */
  readonly maxBatchBytes: number
  /** Number of control batches: commit and abort markers, one record each. */
  readonly controlBatches: number
}

/** Sets how {@link encodeChunk} encodes a chunk. */
export interface EncodeOptions {
  /** `zstd`: compress the chunk, unless that does not make it smaller. */
  readonly codec: ChunkCodec
  /**
   * CRC-32C that the raw bytes must have. Derived from checksums that came with them, and not
   * computed from the bytes, it proves that they are what their producers wrote.
   */
  readonly rawCrc: number
  /**
   * Threads that compress chunks of 32 KiB to 1 MiB, with less work for the garbage collector.
   * Larger chunks, and by default all above 32 KiB, are compressed by libuv's threads.
   */
  readonly threads?: ZstdThreads
  /**
   * Allocates the result if it is smaller than the chunk, which is then `stored`. Called once at
   * most. Defaults to fresh memory.
   */
  readonly allocate?: Allocate
}

/**
 * A chunk that is ready to be written. Without compression, `stored` is the caller's own buffer,
 * not a copy.
 */
export interface EncodedChunk {
  readonly facts: ChunkFacts
  /** How the chunk is stored, which need not be the codec that was asked for. */
  readonly codec: ChunkCodec
  /** The 68 bytes that precede the stored bytes. */
  readonly header: Uint8Array
  readonly stored: Uint8Array
  /** CRC-32C of the stored bytes. */
  readonly storedCrc: number
  /** Length without compression, bytes. */
  readonly rawLength: number
}

/**
 * Encodes `raw`, which must not change until the chunk is appended. Compression runs on another
 * thread, except for small chunks, and its result is used only when it decodes to bytes with
 * `rawCrc`. A chunk that compression does not shrink is stored as it is, and the writer checks it
 * against `rawCrc` just before it is written.
 *
 * @throws INTERNAL when the bytes no longer match `rawCrc`, or the facts are impossible
 */
export async function encodeChunk(
  facts: ChunkFacts,
  raw: Uint8Array,
  options: EncodeOptions,
): Promise<EncodedChunk> {
  const { rawCrc } = options
  const compressed = options.codec === 'zstd' ? await compressProven(raw, options) : undefined
  if (compressed === undefined) {
    return assemble(facts, raw, { codec: 'none', rawCrc, stored: raw, storedCrc: rawCrc })
  }
  return assemble(facts, raw, { codec: 'zstd', rawCrc, ...compressed })
}

/** Bytes as they are stored, and the CRC-32C that they must have. */
interface StoredBytes {
  readonly stored: Uint8Array
  readonly storedCrc: number
}

/**
 * Returns the compressed bytes, which were decoded to prove them; undefined when they are not
 * smaller.
 */
async function compressProven(
  raw: Uint8Array,
  { rawCrc, threads, allocate = ownMemory }: EncodeOptions,
): Promise<StoredBytes | undefined> {
  const keep = ({ stored, decoded }: DecodedFrame): StoredBytes => {
    if (decoded.byteLength !== raw.byteLength || crc32c(decoded) !== rawCrc) throw changed()
    // Of the bytes that were decoded, so that damage to the copy is found before it is written.
    const storedCrc = crc32c(stored)
    const kept = allocate(stored.byteLength)
    kept.set(stored)
    return { stored: kept, storedCrc }
  }
  if (threads?.accepts(raw.byteLength) === true) {
    return await threads.compress(raw, (frame) =>
      isSmaller(frame.stored, raw) ? keep(frame) : undefined,
    )
  }
  const stored = await compressZstd(raw)
  if (!isSmaller(stored, raw)) return undefined
  return keep({ stored, decoded: await decompressZstd(stored, raw.byteLength) })
}

function isSmaller(stored: Uint8Array, raw: Uint8Array): boolean {
  return stored.byteLength < raw.byteLength
}

export function assemble(
  facts: ChunkFacts,
  raw: Uint8Array,
  form: StoredBytes & { readonly codec: ChunkCodec; readonly rawCrc: number },
): EncodedChunk {
  const { codec, rawCrc, stored, storedCrc } = form
  const header: ChunkHeader = {
    ...facts,
    kindCode: kindCode(facts.kind),
    codecCode: codecs.indexOf(codec),
    flagBits: flagBits(facts.flags),
    rawLength: raw.byteLength,
    storedLength: stored.byteLength,
    rawCrc,
    storedCrc,
  }
  const reason = reasonAgainst(header) ?? reasonAgainstFacts(facts)
  if (reason !== undefined) throw new KanneryError('INTERNAL', `not a chunk: ${reason}`)
  return {
    facts,
    codec,
    header: encodeChunkHeader(header),
    stored,
    storedCrc,
    rawLength: raw.byteLength,
  }
}

/**
 * Why the footer could not hold the facts, or its readers would refuse them; undefined when they
 * are possible.
 */
function reasonAgainstFacts(facts: ChunkFacts): string | undefined {
  const { minTimestamp, maxTimestamp, estimatedMinTimestamp } = facts
  const { maxBatchBytes, controlBatches } = facts
  for (const time of [minTimestamp, maxTimestamp, estimatedMinTimestamp]) {
    if (typeof time === 'number' && !Number.isSafeInteger(time)) return `timestamp ${time}`
  }
  for (const count of [maxBatchBytes, controlBatches]) {
    if (!Number.isSafeInteger(count) || count < 0) return `a count of ${count}`
  }
  return undefined
}

/** Makes the error for a chunk whose bytes do not have the checksum that they must have. */
export function changed(): KanneryError {
  return new KanneryError('INTERNAL', 'a chunk is not what was fetched any more', {
    why: 'its bytes changed in memory before they were written; nothing of it was committed',
    remedy:
      'Try again. If it comes back on this machine only, test its memory; else please report it.',
    facts: { changedInMemory: true },
  })
}

/** Whether an error says that the bytes of a chunk changed before they were written. */
export function isChangedInMemory(error: unknown): error is KanneryError {
  return KanneryError.is(error, 'INTERNAL') && error.facts['changedInMemory'] === true
}
