/** Memory for one chunk. `release` it once, when nothing refers to its bytes any more. */
export interface ChunkBlock {
  readonly bytes: Buffer
  readonly release: () => void
}

/** What a chunk of ordinary size needs at most. */
export const blockBytes: number = 1024 * 1024
const leastBytes = 4096
/** What is larger gets a whole block: those are used again. */
const greatestSmallBytes = 128 * 1024

/**
 * Memory of the chunks under way, from the copy out of a fetch's answer until the commit. Blocks of 1 MiB are used again: fresh
 * memory has to be cleared page by page by the kernel, which costs as much as the copy itself. What is smaller or larger is
 * allocated as needed.
 */
export class ChunkMemory {
  readonly #free: Buffer[] = []
  #listener: () => void = () => undefined
  #used = 0

  /** Bytes taken and not yet released. */
  get used(): number {
    return this.#used
  }

  /** Called when there may be more room than before. */
  onRoom(listener: () => void): void {
    this.#listener = listener
  }

  tellRoom(): void {
    this.#listener()
  }

  /** At least `bytes` long; what is in it is arbitrary. */
  take(bytes: number): ChunkBlock {
    const size = sizeFor(bytes)
    const pooled = size === blockBytes ? this.#free.pop() : undefined
    return this.#account(pooled ?? Buffer.allocUnsafeSlow(size))
  }

  /** A copy in memory of its own, of just that size. */
  copy(bytes: Uint8Array): ChunkBlock {
    const buffer = Buffer.allocUnsafeSlow(bytes.byteLength)
    buffer.set(bytes)
    return this.#account(buffer)
  }

  #account(bytes: Buffer): ChunkBlock {
    this.#used += bytes.length
    return {
      bytes,
      release: () => {
        this.#used -= bytes.length
        if (bytes.length === blockBytes) this.#free.push(bytes)
        this.#listener()
      },
    }
  }
}

function sizeFor(bytes: number): number {
  if (bytes > greatestSmallBytes) return Math.max(bytes, blockBytes)
  let size = leastBytes
  while (size < bytes) size *= 2
  return size
}
