/** The size below which blocks are not kept. */
const leastBytes = 64 * 1024
const stepBytes = 64 * 1024
/** By which factor a block may be larger than what is put into it. */
const slack = 1.25

/**
 * Memory that is used again, because a garbage collector that sees only the small handles of
 * megabytes runs far too often. What was taken need not be returned, and no other memory is
 * accepted: it may have other owners, such as the pool that Node cuts small buffers from.
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

  /** Returns exactly `length` bytes of any content. */
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
   * Takes bytes back, to which nothing may refer any more. Memory that was not taken here, or was
   * returned already, is ignored.
   */
  giveBack({ buffer }: Uint8Array): void {
    const { byteLength } = buffer
    if (!this.#taken.delete(buffer) || this.#freeBytes + byteLength > this.#limit) return
    this.#free.push(buffer)
    this.#freeBytes += byteLength
  }
}
