import type { Gap } from '@kannery/core/index-file'
import type { AbortedRange, EncodedChunk } from '@kannery/core/segment'
import type { AbortedPart } from './aborted-batches.ts'

/** A chunk on its way into a segment. */
export interface SegmentChunk {
  readonly encoded: EncodedChunk
  readonly aborted: readonly AbortedPart[]
  readonly visibleRecords: number
  /** Of the batches, before our own compression. */
  readonly rawBytes: number
  /** When its first batch came, by the monotonic clock. */
  readonly startedAt: number
  readonly release: () => void
}

/** Offsets that Kafka does not have any more, on their way into the index. */
export type NoticedGap = Omit<Gap, 'in'>

/** Its marker has not come yet, perhaps. */
type OpenRange = Omit<AbortedRange, 'marker'> & { marker: number | undefined }

/** A chunk's header, and its share of the footer. */
const overheadBytes = 128

/**
 * A segment that is still filled, in memory: when its upload fails, the same bytes can go into
 * another object.
 */
export class OpenSegment {
  readonly #chunks: SegmentChunk[] = []
  readonly #gaps: NoticedGap[] = []
  readonly #aborted = new Map<string, OpenRange>()
  /** Partition → what is covered up to. */
  readonly #next = new Map<number, number>()
  #bytes = 0
  #startedAt = Number.POSITIVE_INFINITY

  /**
   * When its oldest batch came or gap was noticed, by the monotonic clock; infinite when it is
   * empty.
   */
  get startedAt(): number {
    return this.#startedAt
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#gaps.length === 0
  }

  /** What the index is to say together with the segment; there may be gaps and no chunks. */
  get gaps(): readonly NoticedGap[] {
    return this.#gaps
  }

  get chunks(): readonly SegmentChunk[] {
    return this.#chunks
  }

  /** What it will take in the storage, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Records that a consumer sees: no control records, none of aborted transactions. */
  get visibleRecords(): number {
    return this.#chunks.reduce((sum, { visibleRecords }) => sum + visibleRecords, 0)
  }

  get abortedRanges(): number {
    return this.#aborted.size
  }

  /**
   * Whether the chunk may be added: an entry of the index has one range a partition, which would
   * hide a gap between the chunk and what is in here.
   */
  canHold({ encoded: { facts } }: SegmentChunk): boolean {
    const next = this.#next.get(facts.partition)
    return next === undefined || next === facts.from
  }

  /** Chunks of one partition come in the order of their offsets. */
  add(chunk: SegmentChunk): void {
    this.#chunks.push(chunk)
    this.#startedAt = Math.min(this.#startedAt, chunk.startedAt)
    this.#bytes += chunk.encoded.stored.byteLength + overheadBytes
    const { partition, next } = chunk.encoded.facts
    this.#next.set(partition, next)
    for (const part of chunk.aborted) this.#note(partition, part)
  }

  /** `noticedAt` is of the monotonic clock. */
  addGap(gap: NoticedGap, noticedAt: number): void {
    this.#gaps.push(gap)
    this.#startedAt = Math.min(this.#startedAt, noticedAt)
  }

  /**
   * By partition and offset. A range whose marker lies in a later segment ends with what this one
   * covers.
   */
  aborted(): readonly AbortedRange[] {
    return [...this.#aborted.values()]
      .map(({ marker, ...range }) => ({
        ...range,
        marker: marker ?? this.#next.get(range.partition) ?? range.first,
      }))
      .sort((one, other) => one.partition - other.partition || one.first - other.first)
  }

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
