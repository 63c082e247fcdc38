import { crc32c } from '../../digest/crc32c.ts'
import { type ChunkFlags, type ChunkKind, flagBits, kindCode } from './chunk-header.ts'
import { magic, maxFooterBytes, trailerBytes } from './format.ts'
import { canonicalHeader, type SegmentHeader } from './segment-header.ts'

/** A row of the footer's table: enough to choose chunks without reading them. */
export interface ChunkTableEntry {
  /** Of the chunk's header in the object. */
  readonly position: number
  /** Of the bytes behind the header. */
  readonly storedLength: number
  readonly rawLength: number
  /** `unknown`: came after this program; its chunks are skipped. */
  readonly kind: ChunkKind | 'unknown'
  readonly flags: ChunkFlags
  readonly partition: number
  readonly from: number
  readonly next: number
  readonly batches: number
  /** As in the chunk's header: control records are among them. */
  readonly records: number
  readonly minTimestamp: number | null
  readonly maxTimestamp: number | null
  readonly controlBatches: number
  /** See ChunkFacts. */
  readonly estimatedMinTimestamp?: number
}

/**
 * A batch of this producer that is in a transaction and whose offsets are in [first, marker) was
 * aborted: readers must drop it. `marker` is the offset of the abort marker, or, where that lies in
 * a later segment, the end of this one's coverage.
 */
export interface AbortedRange {
  readonly partition: number
  /** Decimal: an int64 does not fit into a JSON number. */
  readonly producerId: string
  readonly first: number
  readonly marker: number
}

/** From (inclusive), to (exclusive), last leader epoch. */
export type Coverage = readonly [from: number, next: number, leaderEpoch: number]

export interface SegmentFooter {
  /** A copy of the one at the start, so that a reader needs only the end of the object. */
  readonly header: SegmentHeader
  /** In the order in which they lie in the object, without holes between them. */
  readonly chunks: readonly ChunkTableEntry[]
  readonly aborted: readonly AbortedRange[]
  /** By partition. */
  readonly coverage: Readonly<Record<number, Coverage>>
  /** The least and greatest time of a fetch, milliseconds; null without chunks. */
  readonly captured: readonly [number, number] | null
  readonly maxBatchBytes: number
}

/** A program writes only the kinds that it knows. */
export interface WritableFooter extends SegmentFooter {
  readonly chunks: readonly (ChunkTableEntry & { readonly kind: ChunkKind })[]
}

/** JSON, length, checksum over both, magic. */
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
