import type { Gap } from '@kannery/core/index-file'
import type { AbortedRange, EncodedChunk } from '@kannery/core/segment'
import type { AbortedPart } from './aborted-batches.ts'

/** A chunk on its way into a segment. */
export interface SegmentChunk {
  readonly encoded: EncodedChunk
  readonly aborted: readonly AbortedPart[]
  /** Number of records that a consumer would see. */
  readonly visibleRecords: number
  /** Size of the batches before Kannery's own compression, bytes. */
  readonly rawBytes: number
  /** Time at which its first batch came, by the monotonic clock. */
  readonly startedAt: number
  readonly release: () => void
}

/** A gap, before the index knows its incarnation. */
export type NoticedGap = Omit<Gap, 'in'>

/** An aborted transaction whose marker may not have come yet. */
type OpenRange = Omit<AbortedRange, 'marker'> & { marker: number | undefined }

/** Size of a chunk's header and of its share of the footer. */
const overheadBytes = 128

/**
 * A segment that is being filled, in memory: when its upload fails, the same bytes can go into
 * another object.
 */
export class OpenSegment {
  readonly #chunks: SegmentChunk[] = []
  readonly #gaps: NoticedGap[] = []
  readonly #aborted = new Map<string, OpenRange>()
  /** Offset after what is covered, by partition. */
  readonly #next = new Map<number, number>()
  #bytes = 0
  #startedAt = Number.POSITIVE_INFINITY

  /**
   * Time at which its oldest batch came or gap was noticed, by the monotonic clock; infinite when
   * it is empty.
   */
  get startedAt(): number {
    return this.#startedAt
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#gaps.length === 0
  }

  /** Gaps that are entered into the index with the segment. There may be gaps and no chunks. */
  get gaps(): readonly NoticedGap[] {
    return this.#gaps
  }

  get chunks(): readonly SegmentChunk[] {
    return this.#chunks
  }

  /** Approximate size in the storage, bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Number of records that a consumer would see: without control records and aborted records. */
  get visibleRecords(): number {
    return this.#chunks.reduce((sum, { visibleRecords }) => sum + visibleRecords, 0)
  }

  /** Size of its batches before Kannery's own compression, bytes. */
  get rawBytes(): number {
    return this.#chunks.reduce((sum, { rawBytes }) => sum + rawBytes, 0)
  }

  get abortedRanges(): number {
    return this.#aborted.size
  }

  /**
   * Whether the chunk may be added. An entry of the index has one range of offsets for each
   * partition, which would hide a gap between the chunk and those before it.
   */
  canHold({ encoded: { facts } }: SegmentChunk): boolean {
    const next = this.#next.get(facts.partition)
    return next === undefined || next === facts.from
  }

  /** Adds a chunk. Chunks of one partition must be added in the order of their offsets. */
  add(chunk: SegmentChunk): void {
    this.#chunks.push(chunk)
    this.#startedAt = Math.min(this.#startedAt, chunk.startedAt)
    this.#bytes += chunk.encoded.stored.byteLength + overheadBytes
    const { partition, next } = chunk.encoded.facts
    this.#next.set(partition, next)
    for (const part of chunk.aborted) this.#note(partition, part)
  }

  /** Adds a gap. `noticedAt` is a time of the monotonic clock. */
  addGap(gap: NoticedGap, noticedAt: number): void {
    this.#gaps.push(gap)
    this.#startedAt = Math.min(this.#startedAt, noticedAt)
  }

  /**
   * Lists the aborted transactions by partition and offset. A range whose marker lies in a later
   * segment ends where this segment ends.
   */
  aborted(): readonly AbortedRange[] {
    return [...this.#aborted.values()]
      .map(({ marker, ...range }) => ({
        ...range,
        marker: marker ?? this.#next.get(range.partition) ?? range.first,
      }))
      .sort((one, other) => one.partition - other.partition || one.first - other.first)
  }

  /** Releases the memory of all chunks. */
  release(): void {
    for (const chunk of this.#chunks) chunk.release()
  }

  #note(partition: number, { producerId, first, marker }: AbortedPart): void {
    const key = `${partition}/${producerId}/${first}`
    const known = this.#aborted.get(key)
    if (known === undefined) {
      this.#aborted.set(key, { partition, producerId: String(producerId), first, marker })
    } else if (marker !== undefined) {
      known.marker = marker
    }
  }
}
