import { KanneryError } from '@kannery/storage'

/**
 * Reads the fields of records (KIP-98: zig-zag varints as of Protocol Buffers). Never reads or
 * allocates beyond the section.
 */
export class RecordsReader {
  readonly #bytes: Uint8Array
  readonly #baseOffset: number
  #position = 0
  /** End of the record at hand: no field may reach beyond it. */
  #end = 0

  constructor(bytes: Uint8Array, baseOffset: number) {
    this.#bytes = bytes
    this.#baseOffset = baseOffset
  }

  /** Reads a record's length. Returns the position at which the record ends. */
  beginRecord(): number {
    this.#end = this.#bytes.length
    const length = this.varint()
    if (length < 0 || length > this.#end - this.#position) {
      throw this.#damaged(`a record of ${length} bytes`)
    }
    this.#end = this.#position + length
    return this.#end
  }

  endRecord(end: number): void {
    if (this.#position !== end) throw this.#damaged('a record is longer than its fields')
  }

  assertEnd(): void {
    if (this.#position !== this.#bytes.length) {
      throw this.#damaged(`${this.#bytes.length - this.#position} bytes after the last record`)
    }
  }

  skip(bytes: number): void {
    if (bytes > this.#end - this.#position) throw this.#damaged('a record ends in a field')
    this.#position += bytes
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    throw this.#damaged('a number of more than 32 bits')
  }

  /** A number where it is small enough to be exact, else a bigint. */
  varlong(): number | bigint {
    const start = this.#position
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    this.#position = start
    return this.#longVarlong()
  }

  #longVarlong(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        value = BigInt.asUintN(64, value)
        return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
      }
    }
    throw this.#damaged('a number of more than 64 bits')
  }

  nullableBytes(): Uint8Array | null {
    const length = this.varint()
    // The Java client takes every negative length for null (DefaultRecord.readFrom).
    return length < 0 ? null : this.#take(length)
  }

  bytes(): Uint8Array {
    const length = this.varint()
    if (length < 0) throw this.#damaged('a header without a name')
    return this.#take(length)
  }

  headerCount(end: number): number {
    const count = this.varint()
    if (count < 0 || count * 2 > end - this.#position) {
      throw this.#damaged(`a record with ${count} headers`)
    }
    return count
  }

  #take(length: number): Uint8Array {
    const start = this.#position
    this.skip(length)
    return this.#bytes.subarray(start, start + length)
  }

  #byte(): number {
    if (this.#position >= this.#end) throw this.#damaged('a record ends in a number')
    const byte = this.#bytes[this.#position] as number
    this.#position += 1
    return byte
  }

  #damaged(why: string): KanneryError {
    return new KanneryError('KAFKA_DATA_CORRUPT', 'the records of a batch cannot be read', {
      why,
      facts: { offset: this.#baseOffset, position: this.#position },
    })
  }
}
