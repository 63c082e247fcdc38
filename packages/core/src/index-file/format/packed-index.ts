import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { encodeIndex, parseIndex } from './index-document.ts'
import type { Index } from './model.ts'

/**
 * An index that is compressed in memory. A writer may hold the indexes of thousands of topics
 * between commits. As objects, a full tail takes hundreds of KiB; packed, about a twentieth.
 */
export class PackedIndex {
  readonly #topic: string
  readonly #packed: Uint8Array
  #unpacked: WeakRef<Index>

  /**
   * Packs an index.
   *
   * @param bytes the encoded index, where it is encoded already
   */
  constructor(index: Index, bytes: Uint8Array = encodeIndex(index)) {
    this.#topic = index.topic
    // A copy: what zlib returns is a view into a larger buffer.
    this.#packed = new Uint8Array(zstdCompressSync(bytes))
    this.#unpacked = new WeakRef(index)
  }

  /**
   * The index. It is unpacked again when the last unpacked one is no longer referenced, which takes
   * a millisecond for a full tail.
   */
  get index(): Index {
    const known = this.#unpacked.deref()
    if (known !== undefined) return known
    const index = parseIndex(zstdDecompressSync(this.#packed), this.#topic)
    this.#unpacked = new WeakRef(index)
    return index
  }
}
