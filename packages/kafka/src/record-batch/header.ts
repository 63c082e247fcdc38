import { KanneryError } from '@kannery/storage'
import { crc32c } from '@node-rs/crc32'
import { type CompressionCodec, compressionCodecs } from './compression.ts'

/**
 * The header of a RecordBatch v2 (KIP-98; DefaultRecordBatch of Kafka's clients), and where the
 * batch lies in its buffer.
 */
export interface BatchHeader {
  /** Position of the batch's first byte in the buffer. */
  readonly position: number
  /** Length of the whole batch in bytes, with its header. */
  readonly length: number
  readonly baseOffset: number
  /** The offset after the batch's last one, also when compaction removed the records there. */
  readonly nextOffset: number
  readonly leaderEpoch: number
  readonly magic: number
  readonly crc: number
  readonly attributes: number
  readonly codec: CompressionCodec
  readonly isTransactional: boolean
  readonly isControl: boolean
  /** KIP-534: the base timestamp is then the time at which tombstones may go. */
  readonly hasDeleteHorizon: boolean
  readonly timestampType: 'create' | 'log-append'
  readonly lastOffsetDelta: number
  /** Milliseconds by convention, but any int64: producers may write other units. */
  readonly baseTimestamp: bigint
  readonly maxTimestamp: bigint
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly records: number
}

/** Length of everything before the records section. */
export const batchHeaderBytes = 61
/** Base offset and length: what the length does not count. */
const logOverhead = 12
const attributesPosition = 21

/**
 * The headers of the whole batches in `buffer`, in order. A partial batch at the end is left out: a
 * broker cuts a fetch at its byte limit.
 *
 * @throws KAFKA_UNSUPPORTED for the message formats before Kafka 0.11; KAFKA_DATA_CORRUPT for what
 *   cannot be a batch.
 */
export function* walkBatches(buffer: Uint8Array): Generator<BatchHeader, void, undefined> {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  let position = 0
  while (bytes.length - position > logOverhead + 4) {
    const length = bytes.readInt32BE(position + 8) + logOverhead
    assertMagic(bytes, position)
    if (length < batchHeaderBytes) throw damaged(bytes, position, `a batch of ${length} bytes`)
    if (length > bytes.length - position) return
    yield readHeader(bytes, position, length)
    position += length
  }
}

/** @throws KAFKA_DATA_CORRUPT when the batch's CRC is not that of its bytes. */
export function checkBatch(buffer: Uint8Array, header: BatchHeader): void {
  const { position, length } = header
  if (crc32c(buffer.subarray(position + attributesPosition, position + length)) !== header.crc) {
    throw damaged(buffer, position, 'its checksum is wrong')
  }
}

function readHeader(bytes: Buffer, position: number, length: number): BatchHeader {
  const attributes = bytes.readInt16BE(position + attributesPosition)
  const codec = compressionCodecs[attributes & 7]
  if (codec === undefined) throw damaged(bytes, position, `unknown compression ${attributes & 7}`)
  const baseOffset = safeOffset(bytes, position)
  const lastOffsetDelta = bytes.readInt32BE(position + 23)
  return {
    position,
    length,
    baseOffset,
    nextOffset: baseOffset + lastOffsetDelta + 1,
    leaderEpoch: bytes.readInt32BE(position + 12),
    magic: 2,
    crc: bytes.readUInt32BE(position + 17),
    attributes,
    codec,
    isTransactional: (attributes & 0x10) !== 0,
    isControl: (attributes & 0x20) !== 0,
    hasDeleteHorizon: (attributes & 0x40) !== 0,
    timestampType: (attributes & 8) === 0 ? 'create' : 'log-append',
    lastOffsetDelta,
    baseTimestamp: bytes.readBigInt64BE(position + 27),
    maxTimestamp: bytes.readBigInt64BE(position + 35),
    producerId: bytes.readBigInt64BE(position + 43),
    producerEpoch: bytes.readInt16BE(position + 51),
    baseSequence: bytes.readInt32BE(position + 53),
    records: bytes.readInt32BE(position + 57),
  }
}

function assertMagic(bytes: Buffer, position: number): void {
  const magic = bytes.readInt8(position + 16)
  if (magic === 2) return
  if (magic !== 0 && magic !== 1) throw damaged(bytes, position, `unknown message format ${magic}`)
  throw new KanneryError(
    'KAFKA_UNSUPPORTED',
    `messages in the old format ${magic} cannot be backed up`,
    {
      why: 'they were written for brokers before Kafka 0.11',
      facts: { magic },
    },
  )
}

function safeOffset(bytes: Buffer, batch: number): number {
  const offset = bytes.readBigInt64BE(batch)
  if (offset > Number.MAX_SAFE_INTEGER || offset < Number.MIN_SAFE_INTEGER) {
    throw damaged(bytes, batch, `the offset ${offset} is beyond 2^53`)
  }
  return Number(offset)
}

function damaged(buffer: Uint8Array, position: number, why: string): KanneryError {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  return new KanneryError('KAFKA_DATA_CORRUPT', 'the broker served a damaged batch', {
    why,
    facts: { position, offset: String(bytes.readBigInt64BE(position)) },
  })
}
