import { batchHeaderBytes } from '../record-batch/encode.ts'
import type { BatchHeader } from '../record-batch/header.ts'

/**
 * The least timestamp of the batch's records, read from the beginnings of the records only. undefined: it has no records;
 * null: unknown, because they are compressed (capture does not decompress) or their times are beyond what a number can hold.
 */
export function leastTimestamp(buffer: Buffer, header: BatchHeader): number | null | undefined {
  if (header.records === 0) return undefined
  // KIP-32: the time of every record.
  if (header.timestampType === 'log-append') return header.maxTimestamp
  if (header.codec !== 'none') return null
  const least = header.baseTimestamp + leastDelta(buffer, header)
  return Number.isSafeInteger(least) ? least : null
}

/** NaN when the bytes are no records, or a number is too large. */
function leastDelta(buffer: Buffer, { position, length, records }: BatchHeader): number {
  const end = position + length
  const cursor = new VarintCursor(buffer, position + batchHeaderBytes)
  let least = Number.POSITIVE_INFINITY
  for (let index = 0; index < records; index++) {
    const recordLength = cursor.read(end)
    const recordEnd = cursor.position + recordLength
    if (!(recordLength > 0 && recordEnd <= end)) return Number.NaN
    // The attributes of a record: unused.
    cursor.position += 1
    const delta = cursor.read(recordEnd)
    if (!(delta >= least)) least = delta
    cursor.position = recordEnd
  }
  return least
}

/** Reads zig-zag varints of up to 53 bits. */
class VarintCursor {
  readonly #bytes: Buffer
  position: number

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes
    this.position = position
  }

  /** NaN when it is too large or reaches beyond `end`. */
  read(end: number): number {
    let value = 0
    let factor = 1
    for (let read = 0; read < 8 && this.position < end; read++) {
      const byte = this.#bytes[this.position] as number
      this.position += 1
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      factor *= 0x80
    }
    return Number.NaN
  }
}
