import { crc32c } from '@kannery/core/digest'
import { KanneryError } from '@kannery/storage'
import { type CompressionCodec, compressionCodecs } from './compression.ts'
import { saturatedTime } from './record-time.ts'

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
  /** {@link baseTimestamp} as a number, saturated at ±(2⁵³ − 1). */
  readonly baseTime: number
  /** {@link maxTimestamp} as a number, saturated at ±(2⁵³ − 1). */
  readonly maxTime: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly records: number
}

/** Length of everything before the records section. */
export const batchHeaderBytes = 61
/** Base offset and length: what the length does not count. */
export const logOverhead = 12
export const magicPosition = 16
export const crcPosition = 17
/** Right after the CRC, which covers the batch from here. */
export const attributesPosition = 21

/**
 * The headers of the whole batches in `buffer`, in order. A partial batch at the end is left out: a
 * broker cuts a fetch at its byte limit.
 *
 * @throws KAFKA_UNSUPPORTED for the message formats before Kafka 0.11; KAFKA_DATA_CORRUPT for what
 *   cannot be a batch.
 */
export function* walkBatches(buffer: Uint8Array): Generator<BatchHeader, void, undefined> {
  const cursor = new BatchCursor(buffer)
  while (cursor.next()) yield cursor.header()
}

/**
 * Walks the whole batches in a buffer as {@link walkBatches} does, and is itself the header of the
 * present one. It reads a field when the field is asked for and makes no object for a batch:
 * producers that do not linger write a batch for each record.
 */
export class BatchCursor implements BatchHeader {
  readonly #view: DataView
  #position = 0
  #length = 0
  #baseOffset = 0

  constructor(buffer: Uint8Array) {
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }

  /**
   * Moves to the next batch, at first to the first one. Returns false at the end; the fields then
   * have no meaning.
   *
   * @throws KAFKA_UNSUPPORTED; KAFKA_DATA_CORRUPT
   */
  next(): boolean {
    const view = this.#view
    const position = this.#position + this.#length
    const rest = view.byteLength - position
    if (rest <= logOverhead + 4) return false
    const length = view.getInt32(position + 8) + logOverhead
    assertMagic(view, position)
    if (length < batchHeaderBytes) throw damaged(view, position, `a batch of ${length} bytes`)
    if (length > rest) return false
    this.#position = position
    this.#length = length
    this.#baseOffset = this.#number64(0)
    this.#check()
    return true
  }

  /** Returns a copy of the fields, which stays as it is when the cursor moves on. */
  header(): BatchHeader {
    return {
      position: this.position,
      length: this.length,
      baseOffset: this.baseOffset,
      nextOffset: this.nextOffset,
      leaderEpoch: this.leaderEpoch,
      magic: this.magic,
      crc: this.crc,
      attributes: this.attributes,
      codec: this.codec,
      isTransactional: this.isTransactional,
      isControl: this.isControl,
      hasDeleteHorizon: this.hasDeleteHorizon,
      timestampType: this.timestampType,
      lastOffsetDelta: this.lastOffsetDelta,
      baseTimestamp: this.baseTimestamp,
      maxTimestamp: this.maxTimestamp,
      baseTime: this.baseTime,
      maxTime: this.maxTime,
      producerId: this.producerId,
      producerEpoch: this.producerEpoch,
      baseSequence: this.baseSequence,
      records: this.records,
    }
  }

  get position(): number {
    return this.#position
  }

  get length(): number {
    return this.#length
  }

  get baseOffset(): number {
    return this.#baseOffset
  }

  get nextOffset(): number {
    return this.#baseOffset + this.lastOffsetDelta + 1
  }

  get leaderEpoch(): number {
    return this.#view.getInt32(this.#position + 12)
  }

  get magic(): number {
    return 2
  }

  get crc(): number {
    return this.#view.getUint32(this.#position + crcPosition)
  }

  get attributes(): number {
    return this.#view.getInt16(this.#position + attributesPosition)
  }

  get codec(): CompressionCodec {
    // next() refuses a batch with another one.
    return compressionCodecs[this.attributes & 7] as CompressionCodec
  }

  get isTransactional(): boolean {
    return (this.attributes & 0x10) !== 0
  }

  get isControl(): boolean {
    return (this.attributes & 0x20) !== 0
  }

  get hasDeleteHorizon(): boolean {
    return (this.attributes & 0x40) !== 0
  }

  get timestampType(): 'create' | 'log-append' {
    return (this.attributes & 8) === 0 ? 'create' : 'log-append'
  }

  get lastOffsetDelta(): number {
    return this.#view.getInt32(this.#position + 23)
  }

  get baseTimestamp(): bigint {
    return this.#view.getBigInt64(this.#position + 27)
  }

  get maxTimestamp(): bigint {
    return this.#view.getBigInt64(this.#position + 35)
  }

  get baseTime(): number {
    return saturatedTime(this.#number64(27))
  }

  get maxTime(): number {
    return saturatedTime(this.#number64(35))
  }

  get producerId(): bigint {
    return this.#view.getBigInt64(this.#position + 43)
  }

  get producerEpoch(): number {
    return this.#view.getInt16(this.#position + 51)
  }

  get baseSequence(): number {
    return this.#view.getInt32(this.#position + 53)
  }

  get records(): number {
    return this.#view.getInt32(this.#position + 57)
  }

  #check(): void {
    const codec = this.attributes & 7
    if (compressionCodecs[codec] === undefined) {
      throw damaged(this.#view, this.#position, `unknown compression ${codec}`)
    }
    if (!Number.isSafeInteger(this.#baseOffset)) {
      const offset = this.#view.getBigInt64(this.#position)
      throw damaged(this.#view, this.#position, `the offset ${offset} is beyond 2^53`)
    }
  }

  /** Reads an int64 as the nearest number. */
  #number64(field: number): number {
    const at = this.#position + field
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4)
  }
}

/** @throws KAFKA_DATA_CORRUPT when the batch's CRC is not that of its bytes. */
export function checkBatch(buffer: Uint8Array, header: BatchHeader): void {
  const { position, length } = header
  if (crc32c(buffer.subarray(position + attributesPosition, position + length)) !== header.crc) {
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    throw damaged(view, position, 'its checksum is wrong')
  }
}

function assertMagic(view: DataView, position: number): void {
  const magic = view.getInt8(position + magicPosition)
  if (magic === 2) return
  if (magic !== 0 && magic !== 1) throw damaged(view, position, `unknown message format ${magic}`)
  throw new KanneryError(
    'KAFKA_UNSUPPORTED',
    `messages in the old format ${magic} cannot be backed up`,
    {
      why: 'they were written for brokers before Kafka 0.11',
      facts: { magic },
    },
  )
}

function damaged(view: DataView, position: number, why: string): KanneryError {
  return new KanneryError('KAFKA_DATA_CORRUPT', 'the broker served a damaged batch', {
    why,
    facts: { position, offset: String(view.getBigInt64(position)) },
  })
}
