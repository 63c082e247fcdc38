import { crc32c } from '@node-rs/crc32'
import {
  type CompressionCodec,
  compress,
  compressionCodecs,
} from '../src/record-batch/compression.ts'
import { encodeBatch } from '../src/record-batch/encode.ts'
import {
  RecordsWriter,
  recordsSize,
  type UnnumberedRecord,
} from '../src/record-batch/encode-records.ts'

export interface StoredRecord extends UnnumberedRecord {
  readonly offset: number
}

export interface StoredBatchOptions {
  readonly codec?: CompressionCodec
  /** Of the batch; the last record's unless compaction removed the records at the end. */
  readonly lastOffset?: number
  /** Makes it part of a transaction. */
  readonly producerId?: bigint
  /** The broker's time instead of the records' own. */
  readonly appendTime?: bigint
  /** The delete horizon bit, and with it the base timestamp (KIP-534). */
  readonly deleteHorizon?: bigint
}

/** Records whose key and value name their offset. */
export function keyedRecords(
  offsets: readonly number[],
  changes: Partial<StoredRecord> = {},
): StoredRecord[] {
  return offsets.map((offset) => ({
    offset,
    timestamp: BigInt(1_700_000_000_000 + offset),
    key: Buffer.from(`key ${offset}`),
    value: Buffer.from(`value ${offset}`),
    headers: [],
    ...changes,
  }))
}

/**
 * A batch as a broker has it in its log: offsets as they are, also with holes (what compaction
 * leaves).
 */
export function storedBatch(
  records: readonly StoredRecord[],
  options: StoredBatchOptions = {},
): Buffer {
  const { codec = 'none', producerId = -1n, appendTime, deleteHorizon } = options
  const [first] = records
  if (first === undefined) throw new Error('a batch without records')
  const lastOffset = options.lastOffset ?? records.at(-1)?.offset ?? first.offset
  const baseTimestamp = deleteHorizon ?? first.timestamp
  const writer = new RecordsWriter(recordsSize(records))
  for (const record of records) {
    writer.append(
      record,
      BigInt.asIntN(64, record.timestamp - baseTimestamp),
      record.offset - first.offset,
    )
  }
  const template = encodeBatch(records, codec, { producerId, producerEpoch: 0, sequence: 0 })
  const batch = Buffer.concat([template.subarray(0, 61), compress(codec, writer.finish())])
  batch.writeBigInt64BE(BigInt(first.offset), 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(4, 12)
  const attributes =
    compressionCodecs.indexOf(codec) |
    (appendTime === undefined ? 0 : 8) |
    (options.producerId === undefined ? 0 : 0x10) |
    (deleteHorizon === undefined ? 0 : 0x40)
  batch.writeInt16BE(attributes, 21)
  batch.writeInt32BE(lastOffset - first.offset, 23)
  batch.writeBigInt64BE(baseTimestamp, 27)
  if (appendTime !== undefined) batch.writeBigInt64BE(appendTime, 35)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}
