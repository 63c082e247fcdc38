import { smallBytes } from './zstd.ts'
import {
  compressOnRequest,
  type DecodedFrame,
  greatestRawBytes,
  ZstdThread,
} from './zstd-thread.ts'

/**
 * Threads that compress chunks for {@link encodeChunk}: one for each chunk that is being compressed
 * at the same time, started when it is first needed and kept. Each has 2 MiB of memory of its own
 * and a small heap, so that compression neither makes garbage for the heap of the caller nor takes
 * threads from libuv, which also serve the file system and DNS.
 */
export class ZstdThreads implements AsyncDisposable {
  readonly #program: () => void
  readonly #idle: ZstdThread[] = []
  #disposed = false

  /** `program`: for tests, what a thread runs. */
  constructor(program: () => void = compressOnRequest) {
    this.#program = program
  }

  /** Whether a chunk of `rawLength` bytes is worth a thread, and fits into its memory. */
  accepts(rawLength: number): boolean {
    return rawLength > smallBytes && rawLength <= greatestRawBytes
  }

  /**
   * Compresses `raw` and returns what `use` makes of the result, which is valid only during the
   * call of `use`.
   *
   * @throws INTERNAL when the thread ends; the next chunk gets another one
   */
  async compress<T>(raw: Uint8Array, use: (frame: DecodedFrame) => T): Promise<T> {
    const thread = this.#idle.pop() ?? new ZstdThread(this.#program)
    const frame = await thread.compress(raw)
    try {
      return use(frame)
    } finally {
      if (this.#disposed) await thread.end()
      else this.#idle.push(thread)
    }
  }

  /** Ends the threads; those that still compress end after it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    await Promise.all(this.#idle.splice(0).map((thread) => thread.end()))
  }
}
