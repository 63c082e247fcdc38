/** Memory for one chunk. `release` it when nothing refers to its bytes any more. */
export interface ChunkBlock {
  readonly bytes: Buffer
  /** Gives the memory back; a second call does nothing. */
  readonly release: () => void
}

export interface ChunkMemoryLimits {
  /**
   * Blocks in use and kept blocks together: kept ones are given up before this is exceeded.
   * Default: infinite.
   */
  readonly limitBytes?: number
  /** While less is in use, blocks have room for more than was asked for. Default: infinite. */
  readonly spareBelowBytes?: number
}

/** What a chunk of ordinary size needs at most. */
export const blockBytes: number = 1024 * 1024
const leastBytes = 1024
/** What is smaller is not worth keeping. */
const leastKeptBytes = 64 * 1024
/** Of the limit: kept free for the next chunks. */
const keptShare = 1 / 2

/**
 * Memory of the chunks under way, from the copy out of a fetch's answer until the commit. Sizes are
 * powers of two up to 1 MiB, so that at most half of a block is empty while a chunk grows. Large
 * blocks are used again: fresh memory has to be cleared page by page by the kernel, which costs as
 * much as the copy itself.
 */
export class ChunkMemory {
  readonly #limitBytes: number
  readonly #keptBytes: number
  readonly #spareBelowBytes: number
  /** By size. */
  readonly #free = new Map<number, Buffer[]>()
  #kept = 0
  #listener: () => void = () => undefined
  #used = 0

  constructor(limits: ChunkMemoryLimits = {}) {
    const { limitBytes, spareBelowBytes } = limits
    this.#limitBytes = limitBytes ?? Number.POSITIVE_INFINITY
    this.#keptBytes = this.#limitBytes * keptShare
    this.#spareBelowBytes = spareBelowBytes ?? Number.POSITIVE_INFINITY
  }

  /** Bytes taken and not yet released. */
  get used(): number {
    return this.#used
  }

  /** Bytes kept to be taken again. */
  get kept(): number {
    return this.#kept
  }

  /** Called when there may be more room than before. */
  onRoom(listener: () => void): void {
    this.#listener = listener
  }

  tellRoom(): void {
    this.#listener()
  }

  /** Whether a block of `bytes` may be taken in place of a smaller one that is full. */
  mayGrowTo(bytes: number): boolean {
    return this.#used + roundUp(bytes) <= this.#spareBelowBytes
  }

  /** At least `bytes` long; what is in it is arbitrary. */
  take(bytes: number): ChunkBlock {
    const size = this.mayGrowTo(bytes) ? roundUp(bytes) : bytes
    const kept = this.#free.get(size)?.pop()
    if (kept !== undefined) this.#kept -= size
    return this.#account(kept ?? Buffer.allocUnsafeSlow(size))
  }

  /** A copy in memory of its own, of just that size. */
  copy(bytes: Uint8Array): ChunkBlock {
    const buffer = Buffer.allocUnsafeSlow(bytes.byteLength)
    buffer.set(bytes)
    return this.#account(buffer)
  }

  #account(bytes: Buffer): ChunkBlock {
    this.#used += bytes.length
    this.#giveUpKept(this.#limitBytes - this.#used)
    let taken = true
    const release = (): void => {
      if (!taken) return
      taken = false
      this.#used -= bytes.length
      this.#keep(bytes)
      this.#listener()
    }
    return { bytes, release }
  }

  #keep(bytes: Buffer): void {
    const size = bytes.length
    const kept = this.#kept + size
    if (this.#used === 0) {
      // What comes next may come much later.
      this.#giveUpKept(0)
    } else if (isKept(size) && kept <= this.#keptBytes && this.#used + kept <= this.#limitBytes) {
      this.#kept = kept
      const free = this.#free.get(size)
      if (free === undefined) this.#free.set(size, [bytes])
      else free.push(bytes)
    }
  }

  #giveUpKept(limitBytes: number): void {
    for (const [size, free] of this.#free) {
      while (this.#kept > limitBytes && free.pop() !== undefined) this.#kept -= size
    }
  }
}

function isKept(size: number): boolean {
  return size >= leastKeptBytes && size <= blockBytes && roundUp(size) === size
}

/** What is larger than a block is taken as it is. */
function roundUp(bytes: number): number {
  if (bytes > blockBytes) return bytes
  let size = leastBytes
  while (size < bytes) size *= 2
  return size
}
