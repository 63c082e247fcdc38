import { KanneryError, type ObjectWriter, type StoredObject } from '@kannery/storage'

interface MemoryWriterOptions {
  readonly signal: AbortSignal | undefined
  /** Publishes the object, and checks the condition of the write. */
  publish(bytes: Uint8Array): StoredObject
  /** Ends the upload. It may be called more than once. */
  release(): void
}

/** Collects the chunks of a streamed object, and publishes them at its commit. */
export class MemoryWriter implements ObjectWriter {
  readonly #options: MemoryWriterOptions
  readonly #chunks: Buffer[] = []
  #open = true

  constructor(options: MemoryWriterOptions) {
    this.#options = options
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#assertOpen('write to')
    this.#options.signal?.throwIfAborted()
    this.#chunks.push(Buffer.from(chunk))
  }

  async commit(): Promise<StoredObject> {
    this.#assertOpen('commit')
    this.#open = false
    try {
      this.#options.signal?.throwIfAborted()
      // As with any storage, the request is decided after the caller has gone on.
      await Promise.resolve()
      return this.#options.publish(Buffer.concat(this.#chunks))
    } finally {
      this.#options.release()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false
    this.#options.release()
  }

  #assertOpen(what: string): void {
    if (!this.#open) throw new KanneryError('INTERNAL', `cannot ${what} a writer that is closed`)
  }
}
