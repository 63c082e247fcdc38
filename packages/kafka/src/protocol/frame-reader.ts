/**
 * Reads the primitive types of Kafka's flexible protocol (KIP-482) from one frame. 64-bit integers
 * become numbers, exact up to 2⁵³; larger ones are refused where they have a meaning. Reading
 * beyond the end throws a RangeError.
 */
export class FrameReader {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4))
  }

  int64(): number {
    const position = this.#advance(8)
    return this.#bytes.readInt32BE(position) * 2 ** 32 + this.#bytes.readUInt32BE(position + 4)
  }

  bigint64(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8))
  }

  /** Reads bytes as a view, not a copy. */
  bytes(length: number): Buffer {
    const position = this.#advance(length)
    return this.#bytes.subarray(position, position + length)
  }

  unsignedVarint(): number {
    let value = 0
    let factor = 1
    for (let read = 0; read < 5; read++) {
      const byte = this.#bytes.readUInt8(this.#advance(1))
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 0x80
    }
    throw new RangeError('a variable-length integer has more than five bytes')
  }

  compactString(): string {
    return this.bytes(this.unsignedVarint() - 1).toString()
  }

  /** Reads nullable bytes as a view; empty for null. */
  compactBytes(): Buffer {
    return this.bytes(Math.max(this.unsignedVarint() - 1, 0))
  }

  /** Reads a nullable array; empty for null. */
  compactArray<T>(readItem: () => T): T[] {
    const items: T[] = []
    for (let rest = this.unsignedVarint() - 1; rest > 0; rest--) items.push(readItem())
    return items
  }

  /** Passes each tagged field, as a reader of its own bytes, to `onField`. */
  taggedFields(onField?: (tag: number, field: FrameReader) => void): void {
    for (let rest = this.unsignedVarint(); rest > 0; rest--) {
      const tag = this.unsignedVarint()
      const field = this.bytes(this.unsignedVarint())
      onField?.(tag, new FrameReader(field))
    }
  }

  #advance(length: number): number {
    const position = this.#position
    if (length < 0 || length > this.#bytes.length - position) {
      throw new RangeError(`a field of ${length} bytes ends outside the frame`)
    }
    this.#position = position + length
    return position
  }
}
