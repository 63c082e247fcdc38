/** Smaller blocks are not kept. */
const leastBytes = 64 * 1024
const stepBytes = 64 * 1024
/** A block may be larger than what goes into it by this factor. */
const slack = 1.25

/**
 * Memory that is used again: a garbage collector that learns of megabytes only by their small
 * handles runs far too often. What was taken need not come back, and nothing else is taken in:
 * other memory may have other owners, as the pool that Node cuts small buffers from has.
 */
export class RecycledMemory {
  readonly #limit: number
  readonly #free: ArrayBufferLike[] = []
  readonly #taken = new WeakSet<ArrayBufferLike>()
  #freeBytes = 0

  /** `limitBytes`: how many unused bytes are kept at most. */
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
      const fresh = Buffer.allocUnsafeSlow(size)
      this.#taken.add(fresh.buffer)
      return fresh.subarray(0, length)
    }
    this.#freeBytes -= block.byteLength
    this.#taken.add(block)
    return Buffer.from(block, 0, length)
  }

  /**
   * Nothing may refer to the bytes any more. Memory that was not taken here, or came back already,
   * is left alone.
   */
  giveBack({ buffer }: Uint8Array): void {
    const { byteLength } = buffer
    if (!this.#taken.delete(buffer) || this.#freeBytes + byteLength > this.#limit) return
    this.#free.push(buffer)
    this.#freeBytes += byteLength
  }
}
