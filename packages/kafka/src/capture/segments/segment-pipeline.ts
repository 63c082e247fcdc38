import type { RawChunk } from './chunk-builder.ts'
import type { ChunkEncoder } from './chunk-encoder.ts'
import { type NoticedGap, OpenSegment, type SegmentChunk } from './open-segment.ts'

/** When a segment is closed: as soon as one of the limits is reached. */
export interface SegmentLimits {
  /** Approximate size in the storage, bytes. */
  readonly maxBytes: number
  /** Time since its first batch came, milliseconds. */
  readonly maxAgeMs: number
}

/** A segment whose bytes are durable, and which the index does not name yet. */
export interface UploadedSegment {
  /** Enters the segment into the index. Does not need its memory any more. */
  commit(): Promise<void>
}

/** Uploads a segment. Its chunks may be released when the call has ended. */
export type UploadSegment = (segment: OpenSegment) => Promise<UploadedSegment>

/** What building the segments of one topic needs. */
interface SegmentPipelineOptions {
  readonly limits: SegmentLimits
  readonly encoder: ChunkEncoder
  /** Called for one segment at a time, in order, while the one before may be being committed. */
  readonly upload: UploadSegment
  /** Called once, with the first error. Everything after it is dropped. */
  readonly onFailed: (error: unknown) => void
}

/** Bounds of what one footer lists. */
const maxChunks = 32_768
const maxAbortedRanges = 65_536

/** Memory of a chunk, and whether the chunk waits for others or is being stored. */
interface Held {
  bytes: number
  sealed: boolean
}

/**
 * Builds the segments of one topic: chunks are encoded in parallel, and put into segments in the
 * order in which they came. Segments are uploaded one after the other, and committed in that order:
 * each while the next one is uploaded. At most one that is uploaded waits for the commit of the one
 * before it.
 */
export class SegmentPipeline {
  readonly #options: SegmentPipelineOptions
  /** Memory of the chunks that belong to no closed segment. */
  #waiting: Held[] = []
  #openBytes = 0
  #sealedBytes = 0
  #filling: Promise<void> = Promise.resolve()
  /** Resolves when the next segment may be uploaded. Never rejects. */
  #uploading: Promise<void> = Promise.resolve()
  /** Resolves when everything that was closed is committed or dropped. Never rejects. */
  #committing: Promise<void> = Promise.resolve()
  #segment = new OpenSegment()
  #inSegment: Held[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(options: SegmentPipelineOptions) {
    this.#options = options
  }

  /** Memory that `seal` would have stored, bytes. */
  get openBytes(): number {
    return this.#failure === undefined ? this.#openBytes : 0
  }

  /** Memory of what is being stored, bytes. */
  get sealedBytes(): number {
    return this.#failure === undefined ? this.#sealedBytes : 0
  }

  /**
   * Time at which the open segment got its first batch or gap, by the monotonic clock; infinite
   * when it is empty.
   */
  get startedAt(): number {
    return this.#segment.startedAt
  }

  /** Adds a chunk. Its memory belongs to the pipeline from now on. */
  add(chunk: RawChunk): void {
    const held = { bytes: chunk.memoryBytes, sealed: false }
    this.#openBytes += held.bytes
    this.#waiting.push(held)
    const encoding = this.#options.encoder.encode(chunk)
    // A rejection is handled when the chunk's turn comes.
    encoding.catch(() => undefined)
    this.#then(async () => this.#append(await encoding, held))
  }

  /**
   * Adds a gap to the segment that is open when the chunks added before are encoded. `noticedAt` is
   * a time of the monotonic clock.
   */
  addGap(gap: NoticedGap, noticedAt: number): void {
    this.#then(() => {
      if (this.#failure === undefined) this.#segment.addGap(gap, noticedAt)
    })
  }

  /** Closes the open segment with everything that was added before. */
  seal(): void {
    this.#markSealed(this.#waiting)
    this.#then(() => this.#seal())
  }

  /** Resolves when everything that was sealed is committed. Rejects with the first error. */
  async settled(): Promise<void> {
    await this.#filling
    await this.#committing
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Drops what is not committed yet. */
  abandon(error: unknown): void {
    this.#failure ??= { error }
    this.#segment.release()
    this.#segment = new OpenSegment()
  }

  #then(step: () => Promise<void> | void): void {
    this.#filling = this.#filling.then(step).catch((error: unknown) => this.#fail(error))
  }

  #append(chunk: SegmentChunk, held: Held): void {
    this.#resize(held, chunk.encoded.stored.byteLength)
    if (this.#failure !== undefined) {
      chunk.release()
      return
    }
    if (!this.#segment.canHold(chunk)) this.#seal()
    this.#inSegment.push(held)
    this.#segment.add(chunk)
    const { bytes, chunks, abortedRanges } = this.#segment
    const full = bytes >= this.#options.limits.maxBytes
    if (full || chunks.length >= maxChunks || abortedRanges >= maxAbortedRanges) this.#seal()
  }

  #seal(): void {
    const [segment, held] = [this.#segment, this.#inSegment]
    if (segment.isEmpty) return
    this.#segment = new OpenSegment()
    this.#inSegment = []
    this.#markSealed(held)
    const uploaded = this.#uploading.then(() => this.#upload(segment, held))
    this.#uploading = Promise.all([uploaded, this.#committing]).then(() => undefined)
    this.#committing = this.#uploading.then(async () => this.#commit(await uploaded))
  }

  async #upload(segment: OpenSegment, held: readonly Held[]): Promise<UploadedSegment | undefined> {
    try {
      return this.#failure === undefined ? await this.#options.upload(segment) : undefined
    } catch (error) {
      this.#fail(error)
      return undefined
    } finally {
      for (const { bytes } of held) this.#sealedBytes -= bytes
      segment.release()
    }
  }

  async #commit(uploaded: UploadedSegment | undefined): Promise<void> {
    try {
      if (this.#failure === undefined) await uploaded?.commit()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.abandon(error)
    this.#options.onFailed(error)
  }

  #markSealed(held: readonly Held[]): void {
    for (const item of held) {
      if (item.sealed) continue
      item.sealed = true
      this.#openBytes -= item.bytes
      this.#sealedBytes += item.bytes
    }
    this.#waiting = this.#waiting.filter(({ sealed }) => !sealed)
  }

  /** Notes the size of a chunk after its compression. */
  #resize(held: Held, bytes: number): void {
    if (held.sealed) this.#sealedBytes += bytes - held.bytes
    else this.#openBytes += bytes - held.bytes
    held.bytes = bytes
  }
}
