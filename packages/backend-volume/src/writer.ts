import type { FileHandle } from 'node:fs/promises'
import { KanneryError, type ObjectWriter, type StoredObject } from '@kannery/storage'
import { type BufferPool, bufferBytes } from './buffer-pool.ts'

const firstBufferBytes = 64 * 1024

/** What a {@link VolumeWriter} is made of. */
export interface VolumeWriterOptions {
  readonly handle: FileHandle
  readonly maxBufferedBytes: number | undefined
  readonly buffers: BufferPool
  /** Called once, when the file is written, flushed and closed. */
  readonly publish: () => Promise<StoredObject>
  /** Called once if nothing was published. */
  readonly abandon: () => Promise<void>
  /** Turns an error of the file system into one of Kannery. */
  readonly explain: (error: unknown) => unknown
}

/**
 * Fills one buffer while the other one is being written, so that most calls of {@link write} only
 * copy. Both together hold at most `maxBufferedBytes`, and grow only as far as the object does.
 */
export class VolumeWriter implements ObjectWriter {
  readonly #options: VolumeWriterOptions
  readonly #capacity: number
  #collecting: Buffer
  #collected = 0
  #spare: Buffer | undefined
  #writing: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #state: 'open' | 'committing' | 'disposed' = 'open'

  constructor(options: VolumeWriterOptions) {
    this.#options = options
    const { maxBufferedBytes = 2 * bufferBytes } = options
    this.#capacity = Math.max(1, Math.min(bufferBytes, Math.floor(maxBufferedBytes / 2)))
    this.#collecting = allocate(Math.min(firstBufferBytes, this.#capacity))
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#assertOpen('write to')
    let taken = 0
    while (taken < chunk.byteLength) {
      this.#makeRoom(chunk.byteLength - taken)
      const end = Math.min(chunk.byteLength, taken + this.#collecting.length - this.#collected)
      this.#collecting.set(chunk.subarray(taken, end), this.#collected)
      this.#collected += end - taken
      taken = end
      if (this.#collected === this.#capacity) await this.#writeCollected()
      this.#throwFailure()
    }
  }

  async commit(): Promise<StoredObject> {
    this.#assertOpen('commit')
    this.#state = 'committing'
    let published = false
    try {
      await this.#writing
      this.#throwFailure()
      await this.#writeAll(this.#takeCollected())
      this.#releaseBuffers()
      await this.#options.handle.sync()
      await this.#options.handle.close()
      published = true
    } catch (error) {
      throw this.#options.explain(error)
    } finally {
      if (!published) await this.#abandon()
    }
    return await this.#options.publish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'disposed'
    await this.#writing
    await this.#abandon()
  }

  /** Grows the buffer for `more` bytes, up to its full size. */
  #makeRoom(more: number): void {
    const wanted = this.#collected + more
    if (wanted <= this.#collecting.length || this.#collecting.length === this.#capacity) return
    const length = Math.min(this.#capacity, Math.max(wanted, 2 * this.#collecting.length))
    const grown = this.#pooled() ?? allocate(length)
    this.#collecting.copy(grown, 0, 0, this.#collected)
    this.#collecting = grown
  }

  /** A buffer that another writer released, if this one may have buffers of that size. */
  #pooled(): Buffer | undefined {
    return this.#capacity === bufferBytes ? this.#options.buffers.take() : undefined
  }

  #releaseBuffers(): void {
    this.#options.buffers.release(this.#collecting)
    if (this.#spare !== undefined) this.#options.buffers.release(this.#spare)
    this.#spare = undefined
  }

  /** Resolves when the buffer before is in the file, and this one on its way. */
  async #writeCollected(): Promise<void> {
    await this.#writing
    this.#throwFailure()
    const bytes = this.#takeCollected()
    this.#collecting = this.#spare ?? this.#pooled() ?? allocate(this.#capacity)
    this.#spare = undefined
    this.#writing = this.#writeAll(bytes).then(
      () => {
        this.#spare = Buffer.from(bytes.buffer)
      },
      (error: unknown) => {
        this.#failure = { error: this.#options.explain(error) }
      },
    )
  }

  #takeCollected(): Buffer {
    const bytes = this.#collecting.subarray(0, this.#collected)
    this.#collected = 0
    return bytes
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await this.#options.handle.write(bytes, written)
      written += bytesWritten
    }
  }

  async #abandon(): Promise<void> {
    await this.#options.handle.close().catch(() => undefined)
    await this.#options.abandon()
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #assertOpen(what: string): void {
    if (this.#state === 'open') return
    throw new KanneryError('INTERNAL', `cannot ${what} a writer that is closed`)
  }
}

/** Memory of its own, so that `buffer.buffer` is exactly this buffer and freed with it. */
function allocate(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes)
}
