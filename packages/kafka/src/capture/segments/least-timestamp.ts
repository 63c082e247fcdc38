import { type BatchHeader, batchHeaderBytes } from '../../record-batch/header.ts'
import { addTime, saturatedTime } from '../../record-batch/record-time.ts'

/**
 * Returns the least timestamp of a batch's records, saturated; reads only the beginning of each
 * record. undefined: the batch has no records. null: unknown, because they are compressed (capture
 * does not decompress) or because the bytes are no records.
 */
export function leastTimestamp(buffer: Buffer, header: BatchHeader): number | null | undefined {
  if (header.records === 0) return undefined
  // KIP-32: this is the time of every record.
  if (header.timestampType === 'log-append') return header.maxTime
  if (header.codec !== 'none') return null
  return leastOf(buffer, header)
}

function leastOf(buffer: Buffer, header: BatchHeader): number | null {
  const { position, length, records, baseTime } = header
  const end = position + length
  const cursor = new VarintCursor(buffer, position + batchHeaderBytes)
  let leastDelta = Number.POSITIVE_INFINITY
  let leastOfWide = Number.POSITIVE_INFINITY
  const isExact = Math.abs(baseTime) < Number.MAX_SAFE_INTEGER
  // Where a sum may wrap around, the least delta need not give the least time.
  const mayWrap = !isExact && BigInt.asIntN(63, header.baseTimestamp) !== header.baseTimestamp
  for (let index = 0; index < records; index++) {
    const recordLength = cursor.read(end)
    if (typeof recordLength !== 'number') return null
    const recordEnd = cursor.position + recordLength
    if (!(recordLength > 0 && recordEnd <= end)) return null
    // Skips the attributes of a record, which Kafka does not use.
    cursor.position += 1
    const delta = cursor.read(recordEnd)
    if (delta === undefined) return null
    if (typeof delta === 'bigint' || mayWrap) {
      leastOfWide = Math.min(leastOfWide, saturatedTime(addTime(header.baseTimestamp, delta)))
    } else if (delta < leastDelta) {
      leastDelta = delta
    }
    cursor.position = recordEnd
  }
  if (leastDelta === Number.POSITIVE_INFINITY) {
    return leastOfWide === Number.POSITIVE_INFINITY ? null : leastOfWide
  }
  const sum = isExact ? baseTime + leastDelta : addTime(header.baseTimestamp, leastDelta)
  return Math.min(leastOfWide, saturatedTime(sum))
}

/** Reads zig-zag varints of up to 64 bits (Kafka's ByteUtils.readVarlong). */
class VarintCursor {
  readonly #bytes: Buffer
  position: number

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes
    this.position = position
  }

  /**
   * Reads a number up to 49 bits, which doubles compute exactly, or else a bigint; undefined beyond
   * `end`.
   */
  read(end: number): number | bigint | undefined {
    let value = 0
    let factor = 1
    const last = Math.min(this.position + 7, end)
    for (let at = this.position; at < last; at++) {
      const byte = this.#bytes[at] as number
      value += (byte & 0x7f) * factor
      if (byte < 0x80) {
        this.position = at + 1
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      }
      factor *= 0x80
    }
    return this.#readWide(end)
  }

  #readWide(end: number): bigint | undefined {
    let value = 0n
    const last = Math.min(this.position + 10, end)
    for (let shift = 0n; this.position < last; shift += 7n) {
      const byte = this.#bytes[this.position] as number
      this.position += 1
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        value = BigInt.asUintN(64, value)
        return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
      }
    }
    return undefined
  }
}
