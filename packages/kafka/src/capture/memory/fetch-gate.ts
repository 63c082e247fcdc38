import type { ChunkMemory } from './chunk-memory.ts'

interface FetchGateOptions {
  readonly memory: ChunkMemory
  /** What the chunks and the answer that is asked for may take together. */
  readonly limitBytes: number
  /** Bytes that are being compressed at the moment. */
  readonly pendingBytes: () => number
  /** Called when there is no room: something that holds memory is to be written out. */
  readonly relieve: () => void
  /** Lets every waiting caller pass when it is aborted. */
  readonly signal: AbortSignal
}

/** Share of the limit that may be in compression. */
const pendingShare = 1 / 8

/**
 * Holds fetches back until the chunk memory of a worker has room for their answers. It reserves
 * nothing: an answer counts once its batches are copied into chunks.
 */
export class FetchGate {
  readonly #options: FetchGateOptions
  #waiting: (() => void)[] = []

  constructor(options: FetchGateOptions) {
    this.#options = options
    options.memory.onRoom(() => this.#wake())
    options.signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /** Whether an answer of `bytes` fits now. */
  hasRoom(bytes: number): boolean {
    const { limitBytes, pendingBytes } = this.#options
    return this.#fits(bytes) && pendingBytes() <= limitBytes * pendingShare
  }

  /**
   * Resolves when an answer of `bytes` fits, when no chunk is in memory (an answer larger than the
   * limit passes alone), or when the signal is aborted.
   */
  async waitForRoom(bytes: number): Promise<void> {
    const { memory, relieve, signal } = this.#options
    while (!this.hasRoom(bytes) && memory.used > 0 && !signal.aborted) {
      if (!this.#fits(bytes)) relieve()
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #fits(bytes: number): boolean {
    const { memory, limitBytes } = this.#options
    return memory.used + bytes <= limitBytes
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }
}
