const firstCapacity = 256

/**
 * Writes the primitive types of Kafka's protocol into one growing buffer. In flexible versions of
 * an API, lengths are varints and every struct ends with tagged fields (KIP-482), of which none are
 * written.
 */
export class FrameWriter {
  readonly #flexible: boolean
  #bytes = Buffer.allocUnsafe(firstCapacity)
  #length = 0

  constructor({ flexible }: { readonly flexible: boolean }) {
    this.#flexible = flexible
  }

  /** What was written so far: a view, valid until the next write. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    const position = this.#extend(1)
    this.#bytes.writeInt8(value, position)
  }

  int16(value: number): void {
    const position = this.#extend(2)
    this.#bytes.writeInt16BE(value, position)
  }

  int32(value: number): void {
    const position = this.#extend(4)
    this.#bytes.writeInt32BE(value, position)
  }

  /** Writes a safe integer, or a bigint where all 64 bits count. */
  int64(value: number | bigint): void {
    const position = this.#extend(8)
    this.#bytes.writeBigInt64BE(BigInt(value), position)
  }

  /** Writes bytes as they are, without a length. */
  bytes(value: Uint8Array): void {
    const position = this.#extend(value.length)
    this.#bytes.set(value, position)
  }

  unsignedVarint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      const position = this.#extend(1)
      this.#bytes[position] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    const position = this.#extend(1)
    this.#bytes[position] = rest
  }

  string(value: string | null): void {
    const bytes = value === null ? undefined : Buffer.from(value)
    const length = bytes?.length ?? -1
    if (this.#flexible) this.unsignedVarint(length + 1)
    else this.int16(length)
    if (bytes !== undefined) this.bytes(bytes)
  }

  sizedBytes(value: Uint8Array): void {
    this.#size(value.length)
    this.bytes(value)
  }

  /** Writes an array of primitives; null where a protocol gives it a meaning of its own. */
  array<T>(items: readonly T[] | null, writeItem: (item: T) => void): void {
    this.#size(items?.length ?? -1)
    for (const item of items ?? []) writeItem(item)
  }

  /** Writes an array of structs, each with its tagged fields. */
  structs<T>(items: readonly T[] | null, writeFields: (item: T) => void): void {
    this.array(items, (item) => {
      writeFields(item)
      this.taggedFields()
    })
  }

  /** Writes that a struct has no tagged fields, in versions where it may have some. */
  taggedFields(): void {
    if (this.#flexible) this.unsignedVarint(0)
  }

  #size(length: number): void {
    if (this.#flexible) this.unsignedVarint(length + 1)
    else this.int32(length)
  }

  /** Makes room for `length` more bytes, and returns where they begin. */
  #extend(length: number): number {
    const position = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, 2 * this.#bytes.length))
      this.#bytes.copy(larger, 0, 0, position)
      this.#bytes = larger
    }
    return position
  }
}
