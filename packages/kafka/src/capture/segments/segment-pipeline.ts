import type { Ulid } from '@kannery/core/ulid'
import { Semaphore } from '../../concurrency/semaphore.ts'
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
  /** Undefined for a segment without chunks, of which nothing was uploaded. */
  readonly id: Ulid | undefined
  /** Enters the segment into the index. Does not need its memory any more. */
  commit(): Promise<void>
}

/** Uploads a segment, under an id that is greater than all that were used before. */
export type UploadSegment = (segment: OpenSegment) => Promise<UploadedSegment>

/** What building the segments of one topic needs. */
interface SegmentPipelineOptions {
  readonly limits: SegmentLimits
  readonly encoder: ChunkEncoder
  /**
   * Called in the order of the segments, for a few at a time. Called again for a segment if one
   * before it was uploaded under a later id in the end: ids and commits have the same order.
   */
  readonly upload: UploadSegment
  /** Called once, with the first error. Everything after it is dropped. */
  readonly onFailed: (error: unknown) => void
}

/**
 * How many segments of a topic may be on their way at a time: one is being written, one flushed,
 * one committed. How many are uploaded at a time is bounded for all topics together, too.
 */
const publishedAtATime = 3
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
 * order in which they came. Segments are uploaded a few at a time, and committed one after the
 * other, in order.
 */
export class SegmentPipeline {
  readonly #options: SegmentPipelineOptions
  /** Memory of the chunks that belong to no closed segment. */
  #waiting: Held[] = []
  #openBytes = 0
  #sealedBytes = 0
  #filling: Promise<void> = Promise.resolve()
  readonly #publishSlots = new Semaphore(publishedAtATime)
  /** Resolves when everything that was closed is committed or dropped. Never rejects. */
  #publishing: Promise<void> = Promise.resolve()
  /** Resolves when the last segment is uploaded that began to be. Never rejects. */
  #uploaded: Promise<unknown> = Promise.resolve()
  /** The same for its commit. */
  #committed: Promise<void> = Promise.resolve()
  /** Id of the last segment that is uploaded. */
  #lastId: Ulid | undefined
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
    await this.#publishing
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
    // Ends after the segments before: commits are in order.
    this.#publishing = this.#publishSlots.run(() => this.#publish(segment, held))
  }

  /** Called in the order of the segments. */
  async #publish(segment: OpenSegment, held: readonly Held[]): Promise<void> {
    const [uploadedBefore, committedBefore] = [this.#uploaded, this.#committed]
    const uploaded = this.#upload(segment, uploadedBefore).finally(() => {
      for (const { bytes } of held) this.#sealedBytes -= bytes
      segment.release()
    })
    this.#uploaded = uploaded.catch(() => undefined)
    this.#committed = committedBefore.then(() => this.#commit(uploaded))
    await this.#committed
  }

  /** Returns undefined for a segment that is dropped. */
  async #upload(
    segment: OpenSegment,
    before: Promise<unknown>,
  ): Promise<UploadedSegment | undefined> {
    if (this.#failure !== undefined) return undefined
    let uploaded = await this.#options.upload(segment)
    await before
    if (this.#failure !== undefined) return undefined
    const { id } = uploaded
    if (id !== undefined && this.#lastId !== undefined && id < this.#lastId) {
      uploaded = await this.#options.upload(segment)
    }
    this.#lastId = uploaded.id ?? this.#lastId
    return uploaded
  }

  /** A failed upload counts only now: the segments before it are committed. */
  async #commit(uploading: Promise<UploadedSegment | undefined>): Promise<void> {
    try {
      const uploaded = await uploading
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
