import { KanneryError } from '@kannery/storage'
import { decompress } from './compression.ts'
import { type BatchHeader, batchHeaderBytes } from './header.ts'
import { addTime } from './record-time.ts'
import { RecordsReader } from './records-reader.ts'

/** A header of a record. Names may repeat within a record and need not be UTF-8. */
export interface KafkaHeader {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/**
 * One record as a consumer sees it. A null key or value differs from an empty one. The bytes are
 * views of the (decompressed) batch.
 */
export interface KafkaRecord {
  readonly offset: number
  /**
   * Milliseconds since 1970, an int64 of any sign. For a LogAppendTime batch it is the time of the
   * append (KIP-32).
   */
  readonly timestamp: bigint
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly KafkaHeader[]
}

/**
 * What one record needs at least: length, attributes, two deltas, two lengths, header count; a byte
 * each.
 */
const leastRecordBytes = 7

/**
 * Bound for the decompressed records of one batch, bytes. Nothing that a broker accepts comes near
 * it: it limits what a hostile batch can claim.
 */
const maxDecompressedBytes = 512 * 1024 * 1024

/**
 * Decodes the records of the batch that `header` describes in `buffer`. Check its CRC first.
 * Format: DefaultRecord and DefaultRecordBatch of Kafka's clients (KIP-98, KIP-82).
 *
 * @throws KAFKA_DATA_CORRUPT when the section does not hold exactly the records that the header
 *   counts.
 */
export function decodeRecords(buffer: Uint8Array, header: BatchHeader): KafkaRecord[] {
  const reader = openRecords(buffer, header)
  const fixedTime = appendTime(header)
  const records: KafkaRecord[] = []
  for (let index = 0; index < header.records; index++) {
    const end = reader.beginRecord()
    reader.skip(1)
    const timestampDelta = reader.varlong()
    const offsetDelta = reader.varint()
    const key = reader.nullableBytes()
    const value = reader.nullableBytes()
    const headers = readHeaders(reader, end)
    reader.endRecord(end)
    records.push({
      offset: header.baseOffset + offsetDelta,
      timestamp: fixedTime ?? addTime(header.baseTimestamp, timestampDelta),
      key,
      value,
      headers,
    })
  }
  reader.assertEnd()
  return records
}

function openRecords(buffer: Uint8Array, header: BatchHeader): RecordsReader {
  const section = buffer.subarray(
    header.position + batchHeaderBytes,
    header.position + header.length,
  )
  const bytes = decompress(header.codec, section, maxDecompressedBytes)
  if (header.records < 0 || header.records * leastRecordBytes > bytes.length) {
    throw new KanneryError('KAFKA_DATA_CORRUPT', 'a batch cannot hold as many records as it says', {
      why: `it counts ${header.records} records in ${bytes.length} bytes`,
      facts: { offset: header.baseOffset },
    })
  }
  return new RecordsReader(bytes, header.baseOffset)
}

/** LogAppendTime: the batch's greatest timestamp is the time of every record (KIP-32). */
function appendTime(header: BatchHeader): bigint | undefined {
  return header.timestampType === 'log-append' ? header.maxTimestamp : undefined
}

function readHeaders(reader: RecordsReader, end: number): readonly KafkaHeader[] {
  const count = reader.headerCount(end)
  if (count === 0) return noHeaders
  const headers: KafkaHeader[] = []
  for (let index = 0; index < count; index++) {
    headers.push({ key: reader.bytes(), value: reader.nullableBytes() })
  }
  return headers
}

const noHeaders: readonly KafkaHeader[] = []
