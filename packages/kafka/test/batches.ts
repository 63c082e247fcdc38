import { crc32c } from '@node-rs/crc32'
import type { CompressionCodec } from '../src/record-batch/compression.ts'
import { encodeBatch } from '../src/record-batch/encode.ts'

export interface BatchSketch {
  /** Offset of the first record. */
  readonly at: number
  /** Number of records, each `value`. Defaults to 1. */
  readonly records?: number
  /** Offsets that compaction took from the end. */
  readonly removedBehind?: number
  readonly value?: string
  /** Time of the first record. */
  readonly time?: number
  /** How much later than the one before it each record is; may be negative. Defaults to 0. */
  readonly timeStep?: number
  readonly codec?: CompressionCodec
  readonly leaderEpoch?: number
  /** Makes it part of a transaction. */
  readonly producer?: bigint
  /** Makes it the marker that ends one. */
  readonly marker?: 'abort' | 'commit'
  readonly logAppendTime?: boolean
}

/** A batch as a broker has it in its log. */
export function brokerBatch(sketch: BatchSketch): Buffer {
  const { at, records = 1, value = 'value', time = 1_700_000_000_000, codec = 'none' } = sketch
  const key = sketch.marker === undefined ? null : markerKey(sketch.marker)
  const batch = encodeBatch(
    Array.from({ length: records }, (_, index) => ({
      timestamp: BigInt(time) + BigInt(index * (sketch.timeStep ?? 0)),
      key,
      value: Buffer.from(value),
      headers: [],
    })),
    codec,
    { producerId: sketch.producer ?? -1n, producerEpoch: 0, sequence: 0 },
  )
  batch.writeBigInt64BE(BigInt(at), 0)
  batch.writeInt32BE(sketch.leaderEpoch ?? 0, 12)
  const attributes =
    batch.readInt16BE(21) |
    (sketch.producer === undefined ? 0 : 0x10) |
    (sketch.marker === undefined ? 0 : 0x20) |
    (sketch.logAppendTime === true ? 8 : 0)
  batch.writeInt16BE(attributes, 21)
  batch.writeInt32BE(records - 1 + (sketch.removedBehind ?? 0), 23)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

function markerKey(marker: 'abort' | 'commit'): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(marker === 'abort' ? 0 : 1, 2)
  return key
}
