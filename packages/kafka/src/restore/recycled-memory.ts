/** Less is not worth keeping. */
const leastBytes = 64 * 1024
const stepBytes = 64 * 1024
/** A block may be larger than what goes into it by this factor. */
const slack = 1.25

/**
 * Memory that is used again: a garbage collector that learns of megabytes only by their small handles runs far too often.
 * What was taken need not come back.
 */
export class RecycledMemory {
  readonly #limit: number
  readonly #free: ArrayBufferLike[] = []
  #freeBytes = 0

  /** `limitBytes`: how much is kept at most while nobody uses it. */
  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  /** Exactly `length` bytes, whatever is in them. */
  take(length: number): Uint8Array {
    if (length < leastBytes) return Buffer.allocUnsafeSlow(length)
    const known = this.#free.findLastIndex(
      ({ byteLength }) => byteLength >= length && byteLength <= length * slack + stepBytes,
    )
    const [block] = known < 0 ? [] : this.#free.splice(known, 1)
    if (block === undefined) {
      const size = Math.ceil(length / stepBytes) * stepBytes
      return Buffer.allocUnsafeSlow(size).subarray(0, length)
    }
    this.#freeBytes -= block.byteLength
    return Buffer.from(block, 0, length)
  }

  /** Nothing may refer to the bytes any more. Memory that came from elsewhere is taken as well. */
  giveBack({ buffer }: Uint8Array): void {
    const { byteLength } = buffer
    if (byteLength < leastBytes || this.#freeBytes + byteLength > this.#limit) return
    this.#free.push(buffer)
    this.#freeBytes += byteLength
  }
}
