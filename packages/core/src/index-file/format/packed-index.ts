import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { encodeIndex, parseIndex } from './index-document.ts'
import type { Index } from './model.ts'

/**
 * An index in as little memory as it needs. A writer holds the index of each of its topics between
 * commits, thousands of them: as objects, a full tail takes hundreds of KiB, packed about a
 * twentieth.
 */
export class PackedIndex {
  readonly #topic: string
  readonly #packed: Uint8Array
  #unpacked: WeakRef<Index>

  /** `bytes`: the index as it is encoded, where that is done already. */
  constructor(index: Index, bytes: Uint8Array = encodeIndex(index)) {
    this.#topic = index.topic
    // A copy: what zlib returns is a view into a larger buffer.
    this.#packed = new Uint8Array(zstdCompressSync(bytes))
    this.#unpacked = new WeakRef(index)
  }

  /**
   * Unpacked anew when the last one is no longer in use by anything: takes a millisecond for a full
   * tail.
   */
  get index(): Index {
    const known = this.#unpacked.deref()
    if (known !== undefined) return known
    const index = parseIndex(zstdDecompressSync(this.#packed), this.#topic)
    this.#unpacked = new WeakRef(index)
    return index
  }
}
