import type { FileHandle } from 'node:fs/promises'
import { KanneryError, type ObjectWriter, type StoredObject } from '@kannery/storage'

/**
 * Bytes that are collected before they are written. Larger writes are no faster, and where Linux
 * makes one piece of page cache of an aligned write of 2 MiB, they can cost twice as much.
 */
const bufferBytes = 512 * 1024
const firstBufferBytes = 64 * 1024

/** What a {@link VolumeWriter} is made of. */
export interface VolumeWriterOptions {
  readonly handle: FileHandle
  readonly maxBufferedBytes: number | undefined
  /** Called once, when the file is written, flushed and closed. */
  readonly publish: () => Promise<StoredObject>
  /** Called once if nothing was published. */
  readonly abandon: () => Promise<void>
  /** Turns an error of the file system into one of Kannery. */
  readonly explain: (error: unknown) => unknown
}

/**
 * Collects small chunks. A chunk for which there is no room left is written from the caller's
 * memory, together with those before it.
 */
export class VolumeWriter implements ObjectWriter {
  readonly #options: VolumeWriterOptions
  readonly #capacity: number
  #buffer: Buffer
  #collected = 0
  /** Resolves when no write is in progress. Never rejects. */
  #writing: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #state: 'open' | 'committing' | 'disposed' = 'open'

  constructor(options: VolumeWriterOptions) {
    this.#options = options
    this.#capacity = Math.min(bufferBytes, options.maxBufferedBytes ?? bufferBytes)
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(firstBufferBytes, this.#capacity))
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#assertOpen('write to')
    this.#throwFailure()
    if (this.#collected + chunk.byteLength <= this.#capacity) this.#collect(chunk)
    else await this.#writeWithCollected(chunk)
  }

  async commit(): Promise<StoredObject> {
    this.#assertOpen('commit')
    this.#state = 'committing'
    let published = false
    try {
      await this.#writing
      this.#throwFailure()
      await this.#writeAll([this.#takeCollected()])
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

  #collect(chunk: Uint8Array): void {
    const end = this.#collected + chunk.byteLength
    if (end > this.#buffer.length) {
      const length = Math.min(this.#capacity, Math.max(end, 2 * this.#buffer.length))
      const grown = Buffer.allocUnsafeSlow(length)
      this.#buffer.copy(grown, 0, 0, this.#collected)
      this.#buffer = grown
    }
    this.#buffer.set(chunk, this.#collected)
    this.#collected = end
  }

  async #writeWithCollected(chunk: Uint8Array): Promise<void> {
    const written = this.#writeAll([this.#takeCollected(), chunk])
    this.#writing = written.catch((error: unknown) => {
      this.#failure = { error: this.#options.explain(error) }
    })
    await this.#writing
    this.#throwFailure()
  }

  #takeCollected(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#collected)
    this.#collected = 0
    return bytes
  }

  async #writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    let rest = withoutFirst(pieces, 0)
    while (rest.length > 0) {
      const { bytesWritten } = await this.#options.handle.writev(rest)
      rest = withoutFirst(rest, bytesWritten)
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

/** Returns what is left of the pieces after `bytes` of them; no piece is empty. */
function withoutFirst(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes
  return pieces.flatMap((piece) => {
    const left = piece.subarray(Math.min(skipped, piece.byteLength))
    skipped -= piece.byteLength - left.byteLength
    return left.byteLength === 0 ? [] : [left]
  })
}
