const uuidBytes = 16

/**
 * Reads the primitive types of Kafka's protocol from one frame. In flexible versions of an API,
 * lengths are varints and every struct ends with tagged fields (KIP-482). 64-bit integers become
 * numbers, exact up to 2⁵³; larger ones are refused where they have a meaning. Reading beyond the
 * end throws a RangeError.
 */
export class FrameReader {
  readonly #bytes: Buffer
  readonly #flexible: boolean
  #position = 0
  #skippedRest = false

  constructor(bytes: Buffer, { flexible }: { readonly flexible: boolean }) {
    this.#bytes = bytes
    this.#flexible = flexible
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return this.#bytes.readInt8(this.#advance(1))
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

  /** Reads a string that is not null. */
  string(): string {
    const text = this.nullableString()
    if (text === null) throw new RangeError('a string is null that must not be')
    return text
  }

  nullableString(): string | null {
    const length = this.#flexible ? this.unsignedVarint() - 1 : this.int16()
    return length < 0 ? null : this.bytes(length).toString()
  }

  /** Reads bytes with their length as a view; empty for null. */
  sizedBytes(): Buffer {
    return this.bytes(Math.max(this.#length(), 0))
  }

  /** Reads a topic's id, as a view. */
  uuid(): Buffer {
    return this.bytes(uuidBytes)
  }

  /**
   * Reads a nullable array of primitives, or of items that read their own tagged fields; empty for
   * null.
   */
  array<T>(readItem: () => T): T[] {
    const items: T[] = []
    for (let rest = this.#length(); rest > 0; rest--) items.push(readItem())
    return items
  }

  /** Reads a nullable array of structs, each with its tagged fields; empty for null. */
  structs<T>(readFields: () => T): T[] {
    return this.array(() => {
      const fields = readFields()
      this.taggedFields()
      return fields
    })
  }

  /**
   * Reads the tagged fields at the end of a struct, and passes each to `onField` as a reader of its
   * own bytes. Versions that are not flexible have none.
   */
  taggedFields(onField?: (tag: number, field: FrameReader) => void): void {
    if (!this.#flexible || this.#skippedRest) return
    for (let rest = this.unsignedVarint(); rest > 0; rest--) {
      const tag = this.unsignedVarint()
      const field = this.bytes(this.unsignedVarint())
      onField?.(tag, new FrameReader(field, { flexible: true }))
    }
  }

  /** Reads all that is left, as a view. */
  rest(): Buffer {
    return this.bytes(this.remaining)
  }

  /**
   * Reads the tagged fields of an answer, which has to end there.
   *
   * @throws RangeError when more follows
   */
  end(): void {
    this.taggedFields()
    if (this.remaining > 0) throw new RangeError(`${this.remaining} bytes follow the answer`)
  }

  /** Skips all that is left, with the tagged fields at the end. */
  skipRest(): void {
    this.#position = this.#bytes.length
    this.#skippedRest = true
  }

  /** Reads the length of bytes or of an array; negative for null. */
  #length(): number {
    return this.#flexible ? this.unsignedVarint() - 1 : this.int32()
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
