import type { KafkaHeader, KafkaRecord } from './records.ts'

/** A record before it has an offset. */
export type UnnumberedRecord = Pick<KafkaRecord, 'timestamp' | 'key' | 'value' | 'headers'>

const longestVarint = 5
const longestVarlong = 10

/** At most this many bytes do the records need; numbers are counted at their longest. */
export function recordsSize(records: readonly UnnumberedRecord[]): number {
  let size = 0
  for (const record of records) size += longestVarint + bodyBound(record)
  return size
}

function bodyBound({ key, value, headers }: UnnumberedRecord): number {
  let size = 1 + longestVarlong + 4 * longestVarint + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) {
    size += 2 * longestVarint + header.key.length + (header.value?.length ?? 0)
  }
  return size
}

/** Writes the records section of a batch (KIP-98, KIP-82) into one buffer. */
export class RecordsWriter {
  readonly #bytes: Buffer
  #position = 0

  /** `capacity` from `recordsSize`. */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  append(record: UnnumberedRecord, timestampDelta: bigint, offsetDelta: number): void {
    this.#varint(bodySize(record, timestampDelta, offsetDelta))
    // Attributes of a record: unused.
    this.#bytes[this.#position++] = 0
    this.#varlong(timestampDelta)
    this.#varint(offsetDelta)
    this.#nullableBytes(record.key)
    this.#nullableBytes(record.value)
    this.#varint(record.headers.length)
    for (const { key, value } of record.headers) {
      this.#nullableBytes(key)
      this.#nullableBytes(value)
    }
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#position)
  }

  #nullableBytes(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.#varint(-1)
      return
    }
    this.#varint(bytes.length)
    this.#bytes.set(bytes, this.#position)
    this.#position += bytes.length
  }

  #varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    while (rest >= 0x80) {
      this.#bytes[this.#position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#position++] = rest
  }

  #varlong(value: bigint): void {
    if (fitsInt32(value)) {
      this.#varint(Number(value))
      return
    }
    let rest = zigZag(value)
    while (rest >= 0x80n) {
      this.#bytes[this.#position++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#position++] = Number(rest)
  }
}

/** What follows the length of a record. */
function bodySize(record: UnnumberedRecord, timestampDelta: bigint, offsetDelta: number): number {
  return (
    1 +
    sizeOfVarlong(timestampDelta) +
    sizeOfVarint(offsetDelta) +
    sizeOfNullable(record.key) +
    sizeOfNullable(record.value) +
    sizeOfHeaders(record.headers)
  )
}

function sizeOfHeaders(headers: readonly KafkaHeader[]): number {
  let size = sizeOfVarint(headers.length)
  for (const { key, value } of headers) size += sizeOfNullable(key) + sizeOfNullable(value)
  return size
}

function sizeOfNullable(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length
}

function sizeOfVarint(value: number): number {
  const rest = ((value << 1) ^ (value >> 31)) >>> 0
  return rest < 0x80 ? 1 : rest < 0x4000 ? 2 : rest < 0x20_0000 ? 3 : rest < 0x1000_0000 ? 4 : 5
}

function sizeOfVarlong(value: bigint): number {
  if (fitsInt32(value)) return sizeOfVarint(Number(value))
  let size = 1
  for (let rest = zigZag(value) >> 7n; rest > 0n; rest >>= 7n) size += 1
  return size
}

function fitsInt32(value: bigint): boolean {
  return value >= -0x8000_0000n && value <= 0x7fff_ffffn
}

function zigZag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
}
