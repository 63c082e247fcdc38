import type {
  ByteRange,
  CallOptions,
  ObjectKey,
  StorageBackend,
  StoredObject,
} from '@kannery/storage'
import { type Allocate, ownMemory } from './format/format.ts'

/** Reads a range of an object into a buffer of its own. The caller limits the range. */
export async function readRange(
  storage: StorageBackend,
  key: ObjectKey,
  range: ByteRange,
  options: CallOptions = {},
): Promise<{ readonly info: StoredObject; readonly bytes: Uint8Array }> {
  await using reader = await storage.get(key, { ...options, range })
  const pieces: Uint8Array[] = []
  for await (const piece of reader.body) pieces.push(new Uint8Array(piece))
  const [only] = pieces
  const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
  return { info: reader.info, bytes }
}

/**
 * Reads a body in order, a given number of bytes at a time. The buffers that it returns belong to
 * the caller.
 */
export class BodyReader {
  readonly #pieces: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #piece: Uint8Array = new Uint8Array()
  #taken = 0

  constructor(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#pieces =
      Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
  }

  /** Returns the next `length` bytes, or fewer where the body ends. */
  async take(length: number, allocate: Allocate = ownMemory): Promise<Uint8Array> {
    const bytes = allocate(length)
    let filled = 0
    while (filled < length && (await this.#fill())) {
      const part = this.#piece.subarray(this.#taken, this.#taken + length - filled)
      bytes.set(part, filled)
      filled += part.length
      this.#taken += part.length
    }
    return filled === length ? bytes : bytes.subarray(0, filled)
  }

  async skip(length: number): Promise<void> {
    let rest = length
    while (rest > 0 && (await this.#fill())) {
      const skipped = Math.min(rest, this.#piece.length - this.#taken)
      this.#taken += skipped
      rest -= skipped
    }
  }

  /** Returns false at the end of the body. */
  async #fill(): Promise<boolean> {
    while (this.#taken === this.#piece.length) {
      const next = await this.#pieces.next()
      if (next.done === true) return false
      this.#piece = next.value
      this.#taken = 0
    }
    return true
  }
}
