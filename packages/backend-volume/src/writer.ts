import type { FileHandle } from 'node:fs/promises'
import { KanneryError, type ObjectWriter, type StoredObject } from '@kannery/storage'
import { type PiecePool, pieceBytes } from './buffer-pool.ts'

const firstBufferBytes = 64 * 1024

export interface VolumeWriterOptions {
  readonly handle: FileHandle
  readonly maxBufferedBytes: number | undefined
  readonly pieces: PiecePool
  /** Called once, with the file written, fsynced and closed. */
  readonly publish: () => Promise<StoredObject>
  /** Called once if nothing was published. */
  readonly abandon: () => Promise<void>
  readonly explain: (error: unknown) => unknown
}

/**
 * Collects into one buffer while the other one is being written, so that {@link write} mostly only
 * copies. Both together hold at most `maxBufferedBytes`, and grow only as far as the object does.
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
    const { maxBufferedBytes = 2 * pieceBytes } = options
    this.#capacity = Math.max(1, Math.min(pieceBytes, Math.floor(maxBufferedBytes / 2)))
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
      await this.#writeWhole(this.#takeCollected())
      this.#giveBack()
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

  /** Grows the buffer while it is smaller than a piece; `more` bytes are about to come. */
  #makeRoom(more: number): void {
    const wanted = this.#collected + more
    if (wanted <= this.#collecting.length || this.#collecting.length === this.#capacity) return
    const length = Math.min(this.#capacity, Math.max(wanted, 2 * this.#collecting.length))
    const grown = this.#pooled() ?? allocate(length)
    this.#collecting.copy(grown, 0, 0, this.#collected)
    this.#collecting = grown
  }

  /** As large as this writer's pieces may be. */
  #pooled(): Buffer | undefined {
    return this.#capacity === pieceBytes ? this.#options.pieces.take() : undefined
  }

  #giveBack(): void {
    this.#options.pieces.giveBack(this.#collecting)
    if (this.#spare !== undefined) this.#options.pieces.giveBack(this.#spare)
    this.#spare = undefined
  }

  /** Resolves when the piece before this one is in the file, and this one on its way. */
  async #writeCollected(): Promise<void> {
    await this.#writing
    this.#throwFailure()
    const piece = this.#takeCollected()
    this.#collecting = this.#spare ?? this.#pooled() ?? allocate(this.#capacity)
    this.#spare = undefined
    this.#writing = this.#writeWhole(piece).then(
      () => {
        this.#spare = Buffer.from(piece.buffer)
      },
      (error: unknown) => {
        this.#failure = { error: this.#options.explain(error) }
      },
    )
  }

  #takeCollected(): Buffer {
    const piece = this.#collecting.subarray(0, this.#collected)
    this.#collected = 0
    return piece
  }

  async #writeWhole(piece: Buffer): Promise<void> {
    let written = 0
    while (written < piece.length) {
      const { bytesWritten } = await this.#options.handle.write(piece, written)
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

/** Its own memory, so that `buffer.buffer` is exactly it, and it is freed with it. */
function allocate(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes)
}
