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
import { compressZstd, decompressZstd } from './zstd.ts'

/** What the writer of a chunk knows of it, for the chunk's header and for the footer. */
export interface ChunkFacts extends ChunkHeaderFacts {
  /**
   * Milliseconds. null: unknown (compressed batches are not decoded), or no records. Control
   * records do not count.
   */
  readonly minTimestamp: number | null
  /** Milliseconds. null: no records. Control records do not count. */
  readonly maxTimestamp: number | null
  /**
   * Milliseconds. About the least timestamp, by the headers of the batches. For people: never used
   * to leave out data. Only where the chunk has records and {@link minTimestamp} is unknown.
   */
  readonly estimatedMinTimestamp?: number
  /** Of the largest batch; 0 without batches. */
  readonly maxBatchBytes: number
  readonly controlBatches: number
}

export interface EncodeOptions {
  readonly codec: ChunkCodec
  /**
   * CRC-32C of the raw bytes, computed when the batches' own checksums were checked: in the same
   * tick, before any `await`.
   */
  readonly rawCrc: number
}

/**
 * A chunk ready to be written. With codec none, `stored` is the caller's own buffer, not a copy.
 */
export interface EncodedChunk {
  readonly facts: ChunkFacts
  readonly codec: ChunkCodec
  /** The 68 bytes before the stored ones. */
  readonly header: Uint8Array
  readonly stored: Uint8Array
  readonly storedCrc: number
  readonly rawLength: number
}

/**
 * Makes a chunk of `raw`, which must not change until the chunk was appended. Compression runs on
 * another thread, but for small chunks, and is believed only when what it made decodes to bytes
 * with `rawCrc`; a chunk that it does not shrink is stored as it is, and then checked against
 * `rawCrc` by the writer, just before it is written.
 *
 * @throws INTERNAL when the bytes are not those of `rawCrc` any more, or the facts are impossible.
 */
export async function encodeChunk(
  facts: ChunkFacts,
  raw: Uint8Array,
  options: EncodeOptions,
): Promise<EncodedChunk> {
  const { rawCrc } = options
  const compressed = options.codec === 'zstd' ? await compressProven(raw, rawCrc) : undefined
  if (compressed === undefined) return assemble(facts, raw, { codec: 'none', rawCrc, stored: raw })
  return assemble(facts, raw, { codec: 'zstd', rawCrc, stored: compressed })
}

/** undefined when nothing is gained. */
async function compressProven(raw: Uint8Array, rawCrc: number): Promise<Uint8Array | undefined> {
  const compressed = await compressZstd(raw)
  if (compressed.byteLength >= raw.byteLength) return undefined
  const decoded = await decompressZstd(compressed, raw.byteLength)
  if (decoded.byteLength !== raw.byteLength || crc32c(decoded) !== rawCrc) throw changed()
  return compressed
}

export function assemble(
  facts: ChunkFacts,
  raw: Uint8Array,
  form: { readonly codec: ChunkCodec; readonly rawCrc: number; readonly stored: Uint8Array },
): EncodedChunk {
  const { codec, rawCrc, stored } = form
  const storedCrc = codec === 'none' ? rawCrc : crc32c(stored)
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

/** What the footer could not hold, or its readers would refuse. */
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

/** Between the check of a batch and its way into the segment, memory changed. */
export function changed(): KanneryError {
  return new KanneryError('INTERNAL', 'a chunk is not what was fetched any more', {
    why: 'its checksum changed in memory between the fetch and the write; nothing of it was committed',
    remedy:
      'Run it again. If it comes back on this machine only, test its memory; else please report it.',
  })
}
