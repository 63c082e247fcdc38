import { KanneryError } from '@kannery/storage'

export type SlabNumber = 0 | 1

const granularityBytes = 1024 * 1024
/**
 * Share of an answer that its new slab has in reserve. Answers of the same limit differ by little,
 * and a slab that is replaced stays in memory until it is collected.
 */
const reserveShare = 1 / 8

/**
 * Two reusable buffers, used in turn, that grow to the largest answer that they had to hold: a
 * fetch allocates nothing, and one answer can be processed while the next one arrives.
 */
export class SlabPair {
  readonly #slabs: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  #next: SlabNumber = 0
  #taken = 0

  /** Takes the slab for the next answer. Release it when that answer is whole. */
  take(): SlabNumber {
    if (this.#taken === 2) {
      throw new KanneryError('INTERNAL', 'a third slab request before the first was answered')
    }
    const slab = this.#next
    this.#next = slab === 0 ? 1 : 0
    this.#taken += 1
    return slab
  }

  /** Ends the use of a slab by an answer that is whole. */
  release(): void {
    this.#taken -= 1
  }

  /** Returns the slab's buffer with room for `length` bytes. What the slab held before is lost. */
  place(slab: SlabNumber, length: number): Buffer {
    if (this.#slabs[slab].length < length) {
      const size = Math.ceil((length * (1 + reserveShare)) / granularityBytes) * granularityBytes
      this.#slabs[slab] = Buffer.allocUnsafeSlow(size)
    }
    return this.#slabs[slab]
  }
}
