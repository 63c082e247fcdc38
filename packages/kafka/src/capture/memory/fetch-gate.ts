import type { ChunkMemory } from './chunk-memory.ts'

export interface ByteBudgetOptions {
  readonly memory: ChunkMemory
  readonly limitBytes: number
  /** What is being compressed. */
  readonly pendingBytes: () => number
  /** Asked for memory: something that holds some is to be written out. */
  readonly relieve: () => void
  readonly signal: AbortSignal
}

/** What is being compressed may take this part of the budget. */
const pendingShare = 1 / 8

/**
 * Keeps the chunks of a whole worker within a number of bytes: nothing is fetched before there is
 * room for it.
 */
export class ByteBudget {
  readonly #options: ByteBudgetOptions
  #waiting: (() => void)[] = []

  constructor(options: ByteBudgetOptions) {
    this.#options = options
    options.memory.onRoom(() => this.#wake())
    options.signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  hasRoom(bytes: number): boolean {
    const { limitBytes, pendingBytes } = this.#options
    return this.#fits(bytes) && pendingBytes() <= limitBytes * pendingShare
  }

  /**
   * Resolves when there is room, when nothing is held (what is larger than the budget passes
   * alone), or when all ends.
   */
  async room(bytes: number): Promise<void> {
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
