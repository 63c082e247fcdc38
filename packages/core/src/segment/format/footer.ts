import { crc32c } from '../../digest/crc32c.ts'
import { type ChunkFlags, type ChunkKind, flagBits, kindCode } from './chunk-header.ts'
import { magic, maxFooterBytes, trailerBytes } from './format.ts'
import { canonicalHeader, type SegmentHeader } from './segment-header.ts'

/** Describes a chunk in the footer, so that chunks are chosen without reading them. */
export interface ChunkTableEntry {
  /** Position of the chunk's header in the object. */
  readonly position: number
  /** Length of the stored bytes, which follow the header. */
  readonly storedLength: number
  /** Length without compression, bytes. */
  readonly rawLength: number
  /** `unknown`: a kind that is newer than this program. Its chunks are skipped. */
  readonly kind: ChunkKind | 'unknown'
  readonly flags: ChunkFlags
  /** Partition of the batches; −1: the chunk belongs to no partition. */
  readonly partition: number
  /** First covered offset. */
  readonly from: number
  /** First offset after the covered ones. */
  readonly next: number
  /** Number of batches, control batches included. */
  readonly batches: number
  /** Number of records as in the chunk's header, control records included. */
  readonly records: number
  /**
   * Least timestamp of the records, as in `ChunkFacts`: milliseconds; null: unknown or no records.
   */
  readonly minTimestamp: number | null
  /** Greatest timestamp of the records, as in `ChunkFacts`: milliseconds; null: no records. */
  readonly maxTimestamp: number | null
  readonly controlBatches: number
  /** Estimate of the least timestamp, as in `ChunkFacts`: milliseconds. */
  readonly estimatedMinTimestamp?: number
}

/**
 * An aborted transaction: readers drop the transactional batches of this producer and partition
 * whose offsets are in [first, marker).
 */
export interface AbortedRange {
  readonly partition: number
  /** Decimal, because a JSON number does not hold an int64. */
  readonly producerId: string
  /** First offset of the transaction. */
  readonly first: number
  /**
   * Offset of the abort marker, or, if that lies in a later segment, the end of this segment's
   * coverage of the partition.
   */
  readonly marker: number
}

/**
 * Covered offsets of a partition: from (inclusive), to (exclusive), leader epoch of the last batch
 * (−1: unknown).
 */
export type Coverage = readonly [from: number, next: number, leaderEpoch: number]

/**
 * The footer of a segment: its header again, and a table of its chunks. `docs/format/segment.md`
 * describes the stored form.
 */
export interface SegmentFooter {
  /** A copy of the header at the start, so that a reader needs only the end of the object. */
  readonly header: SegmentHeader
  /** All chunks, in their order in the object. They are contiguous. */
  readonly chunks: readonly ChunkTableEntry[]
  /** Aborted transactions with batches in the segment. */
  readonly aborted: readonly AbortedRange[]
  /** Covered offsets by partition. */
  readonly coverage: Readonly<Record<number, Coverage>>
  /** Time of the first and the last fetch, milliseconds; null without chunks. */
  readonly captured: readonly [number, number] | null
  /** Size of the largest batch, bytes; 0 without batches. */
  readonly maxBatchBytes: number
}

/** A footer that can be written: all its chunks are of known kinds. */
export interface WritableFooter extends SegmentFooter {
  readonly chunks: readonly (ChunkTableEntry & { readonly kind: ChunkKind })[]
}

/** Encodes a footer: JSON, its length, a checksum over both, and the magic bytes. */
export function encodeFooter(footer: WritableFooter): Uint8Array {
  const json = Buffer.from(
    JSON.stringify({
      header: canonicalHeader(footer.header),
      chunks: footer.chunks.map(rowOf),
      aborted: footer.aborted.map(({ partition, producerId, first, marker }) => ({
        partition,
        producerId,
        first,
        marker,
      })),
      coverage: footer.coverage,
      captured: footer.captured,
      maxBatchBytes: footer.maxBatchBytes,
    }),
  )
  if (json.length > maxFooterBytes) throw new RangeError(`a footer of ${json.length} bytes`)
  const bytes = Buffer.alloc(json.length + trailerBytes)
  bytes.set(json)
  bytes.writeUInt32BE(json.length, json.length)
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, json.length + 4)), json.length + 4)
  bytes.set(magic, json.length + 8)
  return bytes
}

function rowOf(entry: WritableFooter['chunks'][number]): readonly (number | null)[] {
  return [
    entry.position,
    entry.storedLength,
    entry.rawLength,
    kindCode(entry.kind),
    flagBits(entry.flags),
    entry.partition,
    entry.from,
    entry.next,
    entry.batches,
    entry.records,
    entry.minTimestamp,
    entry.maxTimestamp,
    entry.controlBatches,
    ...(entry.estimatedMinTimestamp === undefined ? [] : [entry.estimatedMinTimestamp]),
  ]
}
