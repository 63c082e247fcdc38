import { combineCrc32c, crc32c } from '@kannery/core/digest'
import { KanneryError } from '@kannery/storage'
import { type CompressionCodec, compress, compressionCodecs } from './compression.ts'
import { RecordsWriter, recordsSize, type UnnumberedRecord } from './encode-records.ts'
import { attributesPosition, batchHeaderBytes, crcPosition } from './header.ts'

/** Identity and position of an idempotent producer (KIP-98). */
export interface ProducerState {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Sequence number of the first record. Wraps around after 2³¹ − 1. */
  readonly sequence: number
}

const codecMask = 7

/**
 * Encodes records as one batch v2 that begins at offset 0 and counts on without holes, as a
 * producer must send it. The timestamp type is CreateTime: a producer cannot choose another one.
 */
export function encodeBatch(
  records: readonly UnnumberedRecord[],
  codec: CompressionCodec,
  producer: ProducerState,
): Buffer {
  const first = records[0]
  if (first === undefined) throw new KanneryError('INTERNAL', 'a batch without records')
  const baseTimestamp = first.timestamp
  let maxTimestamp = baseTimestamp
  for (const { timestamp } of records) if (timestamp > maxTimestamp) maxTimestamp = timestamp

  const writer = new RecordsWriter(recordsSize(records))
  records.forEach((record, index) => {
    writer.append(record, BigInt.asIntN(64, record.timestamp - baseTimestamp), index)
  })
  const section = compress(codec, writer.finish())

  const batch = Buffer.allocUnsafeSlow(batchHeaderBytes + section.length)
  batch.set(section, batchHeaderBytes)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(compressionCodecs.indexOf(codec), attributesPosition)
  batch.writeInt32BE(records.length - 1, 23)
  batch.writeBigInt64BE(baseTimestamp, 27)
  batch.writeBigInt64BE(maxTimestamp, 35)
  batch.writeInt32BE(records.length, 57)
  stampProducer(batch, producer)
  batch.writeUInt32BE(crc32c(batch.subarray(attributesPosition)), crcPosition)
  return batch
}

/**
 * Turns a batch as a broker stored it into one that a producer may send, its records section
 * untouched. `batch` is changed in place. What brokers demand (LogValidator): base offset 0, own
 * producer id, and of the attributes only the compression bits: a surviving delete-horizon bit
 * would let the cleaner drop tombstones at once.
 *
 * The new CRC is derived from the old one and the changed bytes. So it is right only if the old one
 * was: a broker refuses a batch whose records were damaged in memory.
 */
export function readdressBatch(batch: Buffer, producer: ProducerState): void {
  const head = batch.subarray(attributesPosition, batchHeaderBytes)
  const before = crc32c(head)
  batch.writeInt16BE(batch.readInt16BE(attributesPosition) & codecMask, attributesPosition)
  stampProducer(batch, producer)
  // CRCs are linear: what differs in the head is carried through the records after it.
  const changed = combineCrc32c(before ^ crc32c(head), 0, batch.length - batchHeaderBytes)
  batch.writeUInt32BE((batch.readUInt32BE(crcPosition) ^ changed) >>> 0, crcPosition)
}

function stampProducer(
  batch: Buffer,
  { producerId, producerEpoch, sequence }: ProducerState,
): void {
  batch.writeBigInt64BE(0n, 0)
  // The partition leader epoch: the broker sets it.
  batch.writeInt32BE(-1, 12)
  batch.writeBigInt64BE(producerId, 43)
  batch.writeInt16BE(producerEpoch, 51)
  batch.writeInt32BE(sequence, 53)
}
