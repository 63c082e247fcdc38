/** Memory for one chunk. Release it when nothing refers to its bytes any more. */
export interface ChunkBlock {
  readonly bytes: Buffer
  /** Releases the memory. A second call does nothing. */
  readonly release: () => void
}

/** Bounds of a chunk memory. */
interface ChunkMemoryLimits {
  /**
   * Bound for blocks in use and spare blocks together, bytes: spare ones are dropped before it is
   * exceeded. Defaults to infinite.
   */
  readonly limitBytes?: number | undefined
  /**
   * Bytes in use below which a block may have room for more than was asked for. Defaults to
   * infinite.
   */
  readonly spareBelowBytes?: number | undefined
}

/** Size of a chunk at most, unless one batch is larger. */
export const blockBytes: number = 1024 * 1024
const leastBytes = 1024
/** Smaller blocks are not kept. */
const leastKeptBytes = 64 * 1024
/** Share of the limit that spare blocks may take. */
const keptShare = 1 / 2

/**
 * The memory of all chunks between the copy out of a fetch's answer and the commit.
 *
 * Sizes are powers of two up to 1 MiB, so that at most half of a block is empty while a chunk
 * grows. Large blocks are used again: the kernel has to clear fresh memory page by page, which
 * costs as much as the copy itself.
 */
export class ChunkMemory {
  readonly #limitBytes: number
  readonly #keptBytes: number
  readonly #spareBelowBytes: number
  /** Spare blocks by size. */
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

  /** Bytes of spare blocks. */
  get kept(): number {
    return this.#kept
  }

  /** Sets the listener that is called when there may be more room than before. */
  onRoom(listener: () => void): void {
    this.#listener = listener
  }

  /** Calls the listener for room that was made elsewhere. */
  notifyRoom(): void {
    this.#listener()
  }

  /** Whether a block of `bytes` may replace a smaller one that is full. */
  mayGrowTo(bytes: number): boolean {
    return this.#used + roundUp(bytes) <= this.#spareBelowBytes
  }

  /** Takes a block of at least `bytes` with arbitrary content. */
  take(bytes: number): ChunkBlock {
    const size = this.mayGrowTo(bytes) ? roundUp(bytes) : bytes
    const kept = this.#free.get(size)?.pop()
    if (kept !== undefined) this.#kept -= size
    return this.#account(kept ?? Buffer.allocUnsafeSlow(size))
  }

  /**
   * Makes a block of exactly the size of `bytes`: of their buffer itself when it holds nothing
   * else, or of a copy.
   */
  hold(bytes: Uint8Array): ChunkBlock {
    const { buffer: whole, byteLength } = bytes
    if (whole.byteLength === byteLength) return this.#account(Buffer.from(whole, 0, byteLength))
    const buffer = Buffer.allocUnsafeSlow(byteLength)
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
      // The next chunk may come much later.
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

/** Larger sizes are taken as they are. */
function roundUp(bytes: number): number {
  if (bytes > blockBytes) return bytes
  let size = leastBytes
  while (size < bytes) size *= 2
  return size
}
