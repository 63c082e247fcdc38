import { PageMemory, type PagePart, pageBytes } from './page-memory.ts'

/** Memory for one chunk. Release it when nothing refers to its bytes any more. */
export interface ChunkBlock {
  readonly bytes: Buffer
  /** Releases the memory. A second call does nothing. */
  readonly release: () => void
}

/** Bounds of a chunk memory. */
interface ChunkMemoryLimits {
  /**
   * Bound for blocks in use and spare memory together, bytes: empty pages are dropped before it is
   * exceeded. What is free in a page that is in use cannot be dropped and may exceed it. Defaults
   * to infinite.
   */
  readonly limitBytes?: number | undefined
  /**
   * Bytes in use below which a block may have room for more than was asked for. Defaults to
   * infinite.
   */
  readonly spareBelowBytes?: number | undefined
}

/** Size of a chunk at most, unless one batch is larger. */
export const blockBytes: number = pageBytes
const leastBytes = 1024

/**
 * The memory of all chunks between the copy out of a fetch's answer and the end of the upload.
 *
 * Sizes are powers of two up to 1 MiB, so that at most half of a block is empty while a chunk
 * grows. Blocks are parts of pages that are used again: the kernel has to clear fresh memory page
 * by page, which costs as much as the copy itself, and blocks that are dropped at each growth of
 * each partition's chunk would fill the process far beyond the limit.
 */
export class ChunkMemory {
  readonly #limitBytes: number
  readonly #spareBelowBytes: number
  readonly #pages = new PageMemory()
  /** Bytes in blocks outside of pages. */
  #outsideBytes = 0
  #listener: () => void = () => undefined
  #used = 0

  constructor(limits: ChunkMemoryLimits = {}) {
    const { limitBytes, spareBelowBytes } = limits
    this.#limitBytes = limitBytes ?? Number.POSITIVE_INFINITY
    this.#spareBelowBytes = spareBelowBytes ?? Number.POSITIVE_INFINITY
  }

  /** Bytes taken and not yet released. */
  get used(): number {
    return this.#used
  }

  /** Bytes of pages that no block uses. */
  get kept(): number {
    return this.#held - this.#used
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
    return this.takeExactly(this.mayGrowTo(bytes) ? roundUp(bytes) : bytes)
  }

  /** Takes a block of exactly `bytes` with arbitrary content. */
  takeExactly(bytes: number): ChunkBlock {
    return this.#account(this.#part(bytes) ?? this.#outside(bytes))
  }

  /** Bytes of pages, and of blocks outside of them. */
  get #held(): number {
    return this.#pages.bytes + this.#outsideBytes
  }

  #account({ bytes, free }: PagePart): ChunkBlock {
    this.#used += bytes.length
    this.#dropSparePages()
    let taken = true
    const release = (): void => {
      if (!taken) return
      taken = false
      free()
      this.#used -= bytes.length
      this.#dropSparePages()
      this.#listener()
    }
    return { bytes, release }
  }

  /** Takes a part of a page; undefined for what fits badly, or when one more page is too much. */
  #part(size: number): PagePart | undefined {
    if (size > pageBytes / 2 && size !== pageBytes) return undefined
    const part = this.#pages.take(size)
    if (part !== undefined || this.#held + pageBytes > this.#limitBytes) return part
    this.#pages.addPage()
    return this.#pages.take(size)
  }

  #outside(size: number): PagePart {
    this.#outsideBytes += size
    const free = (): void => {
      this.#outsideBytes -= size
    }
    return { bytes: Buffer.allocUnsafeSlow(size), free }
  }

  #dropSparePages(): void {
    // The next chunk may come much later than the last one was released.
    const limitBytes = this.#used === 0 ? 0 : this.#limitBytes
    while (this.#held > limitBytes && this.#pages.dropEmptyPage());
  }
}

/** Larger sizes are taken as they are. */
function roundUp(bytes: number): number {
  if (bytes > blockBytes) return bytes
  let size = leastBytes
  while (size < bytes) size *= 2
  return size
}
