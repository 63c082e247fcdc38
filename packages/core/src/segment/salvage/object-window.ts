import type { CallOptions, ObjectKey, StorageBackend } from '@kannery/storage'
import { readRange } from '../read-range.ts'

const windowBytes = 4 * 1024 * 1024

/** Random access to an object, of which one part at a time is held in memory. */
export class ObjectWindow {
  readonly #storage: StorageBackend
  readonly #key: ObjectKey
  readonly #options: CallOptions
  readonly size: number
  #start = 0
  #bytes: Uint8Array = new Uint8Array()

  constructor(
    storage: StorageBackend,
    object: { readonly key: ObjectKey; readonly size: number },
    options: CallOptions,
  ) {
    this.#storage = storage
    this.#key = object.key
    this.size = object.size
    this.#options = options
  }

  /**
   * Returns `length` bytes from `position` on, or fewer at the end of the object. They stay valid
   * when the window moves on.
   */
  async bytes(position: number, length: number): Promise<Uint8Array> {
    const end = Math.min(this.size, position + length)
    if (position >= end) return new Uint8Array()
    if (position < this.#start || end > this.#start + this.#bytes.byteLength) {
      await this.#move(position, end)
    }
    return this.#bytes.subarray(position - this.#start, end - this.#start)
  }

  /**
   * Returns the position of the first occurrence of `pattern` at or after `from`; the object's size
   * where there is none.
   */
  async find(pattern: Uint8Array, from: number): Promise<number> {
    let position = from
    while (position + pattern.byteLength <= this.size) {
      const bytes = await this.#ahead(position, pattern.byteLength)
      const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(pattern)
      if (found >= 0) return position + found
      position += bytes.byteLength - pattern.byteLength + 1
    }
    return this.size
  }

  /**
   * Returns all that the window holds from `position` on, after moving it there if it holds less
   * than `length` bytes.
   */
  async #ahead(position: number, length: number): Promise<Uint8Array> {
    const held = this.#start + this.#bytes.byteLength - position
    return await this.bytes(position, held >= length ? held : windowBytes)
  }

  async #move(start: number, end: number): Promise<void> {
    const to = Math.min(this.size, Math.max(end, start + windowBytes))
    const { bytes } = await readRange(
      this.#storage,
      this.#key,
      { kind: 'span', start, end: to },
      this.#options,
    )
    this.#bytes = bytes
    this.#start = start
  }
}
