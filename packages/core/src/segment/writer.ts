import { KanneryError, type ObjectWriter } from '@kannery/storage'
import { crc32c } from '../digest/crc32c.ts'
import { type Digest, RunningDigest } from '../digest/digest.ts'
import { changed, type EncodedChunk } from './format/encode-chunk.ts'
import {
  type AbortedRange,
  type Coverage,
  encodeFooter,
  type WritableFooter,
} from './format/footer.ts'
import { maxAbortedRanges, maxChunks } from './format/format.ts'
import { decodeFooter } from './format/read-footer.ts'
import { type KnownTimes, timesOfChunks } from './format/record-times.ts'
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  type SegmentHeader,
} from './format/segment-header.ts'
import { Summary } from './summary.ts'

/** Describes a finished segment, for its entry in the index. */
export interface SealedSegment extends KnownTimes {
  /** Size of the object, bytes. */
  readonly bytes: number
  /** CRC-32C of the whole object. */
  readonly digest: Digest
  /** Number of records as stored: with those of aborted transactions, without control records. */
  readonly records: number
  /** Covered offsets by partition. */
  readonly offsets: Readonly<Record<number, Coverage>>
  /** Time of the first and the last fetch, milliseconds; null without chunks. */
  readonly captured: readonly [number, number] | null
  /** Size of the largest batch, bytes; 0 without batches. */
  readonly maxBatchBytes: number
  /** Names of the flags that any chunk has, sorted: `holes`, `logAppendTime`, `transactional`. */
  readonly flags: readonly string[]
}

/**
 * Writes one segment into `output`, which the caller commits after {@link finish}, or disposes of.
 * Methods must not be called concurrently. After an error the writer cannot be used any more. The
 * same header and chunks give the same bytes.
 */
export class SegmentWriter {
  readonly #output: ObjectWriter
  readonly #header: SegmentHeader
  readonly #digest = new RunningDigest()
  readonly #summary = new Summary()
  readonly #chunks: WritableFooter['chunks'][number][] = []
  #state: 'idle' | 'busy' | 'finished' = 'idle'

  constructor(output: ObjectWriter, header: SegmentHeader) {
    this.#output = output
    this.#header = header
  }

  /** Number of bytes written so far. */
  get bytes(): number {
    return this.#digest.bytes
  }

  /**
   * Whether no more chunks fit into the footer, so that the segment has to be finished. Happens
   * only with very many very small chunks.
   */
  get isFull(): boolean {
    return this.#chunks.length >= maxChunks
  }

  /**
   * Appends a chunk; chunks of one partition come in the order of their offsets, and do not
   * overlap. Resolves when the chunk's buffer may be reused and there is room for more.
   *
   * @throws INTERNAL when the chunk's bytes have changed since it was encoded, when it precedes or
   *   overlaps one of its partition, or when the segment is full; STORAGE_* of the output
   */
  async append(chunk: EncodedChunk): Promise<void> {
    if (this.isFull) throw new KanneryError('INTERNAL', 'a chunk for a segment that is full')
    await this.#exclusively(async () => {
      this.#summary.add(chunk.facts)
      await this.#begin()
      this.#chunks.push(tableEntry(chunk, this.bytes))
      await this.#write(chunk.header)
      // The last look before the bytes leave the process; it also spares a second pass for the
      // digest.
      if (crc32c(chunk.stored) !== chunk.storedCrc) throw changed()
      this.#digest.updateKnown(chunk.storedCrc, chunk.stored.byteLength)
      await this.#output.write(chunk.stored)
    })
  }

  /**
   * Writes the footer. The segment is published only by the commit of the output.
   *
   * @param ending `aborted`: the aborted transactions in the segment, at most
   *   {@link maxAbortedRanges}
   * @returns what the entry of the index needs; captured times are those of the chunks
   * @throws INTERNAL for more aborted transactions; STORAGE_* of the output
   */
  async finish(ending: { readonly aborted: readonly AbortedRange[] }): Promise<SealedSegment> {
    const { aborted } = ending
    if (aborted.length > maxAbortedRanges) {
      throw new KanneryError('INTERNAL', `${aborted.length} aborted ranges in one segment`)
    }
    await this.#exclusively(async () => {
      await this.#begin()
      const { coverage, captured, maxBatchBytes } = this.#summary
      const [header, chunks] = [this.#header, this.#chunks]
      const parts = { header, chunks, aborted, coverage, captured, maxBatchBytes }
      await this.#write(
        proven(encodeFooter(parts), (bytes) => decodeFooter(bytes, this.bytes, header.segment)),
      )
    })
    this.#state = 'finished'
    const { records, coverage, captured, maxBatchBytes, flags } = this.#summary
    const times = timesOfChunks(this.#chunks)
    const { bytes, digest } = this.#digest
    return { bytes, digest, records, offsets: coverage, ...times, captured, maxBatchBytes, flags }
  }

  async #begin(): Promise<void> {
    if (this.bytes > 0) return
    const header = encodeSegmentHeader(this.#header)
    await this.#write(proven(header, (bytes) => decodeSegmentHeader(bytes, this.#header.segment)))
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#digest.update(bytes)
    await this.#output.write(bytes)
  }

  /** After an error the writer stays busy: what was written may be half a chunk. */
  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#state !== 'idle') {
      throw new KanneryError('INTERNAL', `a call to a segment writer that is ${this.#state}`)
    }
    this.#state = 'busy'
    await work()
    this.#state = 'idle'
  }
}

/** What this program could not read again must not be committed. */
function proven(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): Uint8Array {
  try {
    decode(bytes)
    return bytes
  } catch (cause) {
    const why = KanneryError.is(cause) ? cause.why : undefined
    const message = 'a segment was about to be written that cannot be read'
    throw new KanneryError('INTERNAL', message, { cause, ...(why === undefined ? {} : { why }) })
  }
}

function tableEntry(chunk: EncodedChunk, position: number): WritableFooter['chunks'][number] {
  const { kind, flags, partition, from, next, batches, records } = chunk.facts
  const { minTimestamp, maxTimestamp, estimatedMinTimestamp, controlBatches } = chunk.facts
  return {
    position,
    storedLength: chunk.stored.byteLength,
    rawLength: chunk.rawLength,
    kind,
    flags,
    partition,
    from,
    next,
    batches,
    records,
    minTimestamp,
    maxTimestamp,
    controlBatches,
    ...(estimatedMinTimestamp === undefined ? {} : { estimatedMinTimestamp }),
  }
}
