import { combineCrc32c, crc32cOfFew } from '@kannery/core/digest'
import type { ChunkFacts } from '@kannery/core/segment'
import type { Clock } from '@kannery/storage'
import { attributesPosition, type BatchHeader, checkBatch } from '../../record-batch/header.ts'
import { blockBytes, type ChunkBlock, type ChunkMemory } from '../memory/chunk-memory.ts'
import type { AbortedPart } from './aborted-batches.ts'
import { leastTimestamp } from './least-timestamp.ts'

/** Whole batches of one partition, copied. */
export interface RawChunk {
  readonly facts: ChunkFacts
  readonly raw: Buffer
  /** Size of the block that holds `raw`, bytes. */
  readonly memoryBytes: number
  /**
   * CRC-32C of `raw`, derived from the batches' own checksums: `raw` has it if they are what their
   * producers wrote.
   */
  readonly rawCrc: number
  /** Places of the batches in aborted transactions, in order. */
  readonly aborted: readonly AbortedPart[]
  /** Number of records that a consumer would see: without control records and aborted records. */
  readonly visibleRecords: number
  /** True when the producers compressed less than half of it. */
  readonly compressible: boolean
  /** Time at which its first batch came, by the monotonic clock. */
  readonly startedAt: number
  /** Releases the memory of `raw`. */
  readonly release: () => void
}

/** What building the chunks of one partition needs. */
interface ChunkBuilderOptions {
  readonly memory: ChunkMemory
  readonly clock: Clock
  readonly partition: number
  /** First offset that the chunks are to cover. */
  readonly from: number
  /**
   * Whether to check the checksum of each batch before it is taken, besides that of the whole chunk
   * before it is written. Costs a pass over the bytes, and says which batch is damaged while those
   * before it can still be kept.
   */
  readonly checksEachBatch: boolean
}

/**
 * Collects the next chunk of a partition: whole batches up to 1 MiB, or one batch that is larger.
 */
export class ChunkBuilder {
  readonly #options: ChunkBuilderOptions
  #next: number
  #block: ChunkBlock | undefined
  #filled = 0
  #facts: OpenFacts
  #rawCrc = 0
  #aborted: AbortedPart[] = []
  #visibleRecords = 0
  #compressedBytes = 0
  #startedAt = 0
  #fetchedAt = 0

  constructor(options: ChunkBuilderOptions) {
    this.#options = options
    this.#next = options.from
    this.#facts = noFacts(options.from)
  }

  /** Memory that the chunk holds, bytes. */
  get memoryBytes(): number {
    return this.#block?.bytes.length ?? 0
  }

  /** Time at which its first batch came, by the monotonic clock; infinite while it is empty. */
  get startedAt(): number {
    return this.#filled === 0 ? Number.POSITIVE_INFINITY : this.#startedAt
  }

  /**
   * Whether a batch of `length` bytes fits. False when the chunk is full, or there is no memory for
   * a larger one: the batch then belongs into the next chunk.
   */
  fits(length: number): boolean {
    const needed = this.#filled + length
    if (this.#filled === 0) return true
    if (needed > blockBytes) return false
    return needed <= this.memoryBytes || this.#options.memory.mayGrowTo(needed)
  }

  /**
   * Copies a batch. The chunk's checksum is derived from the batch's own, so that damage before the
   * copy and after it is found when the chunk is encoded or written. Bytes of `buffer` after the
   * batch are expected to be appended next.
   *
   * @param fetchedAt time at which the batch came: to read the clock for each of many small batches
   *   costs as much as to copy them
   * @returns how many of its records a consumer would see
   * @throws KAFKA_DATA_CORRUPT if each batch is checked; nothing is added then.
   */
  append(
    buffer: Buffer,
    header: BatchHeader,
    aborted: AbortedPart | undefined,
    fetchedAt: number,
  ): number {
    const { position, length } = header
    if (this.#options.checksEachBatch) checkBatch(buffer, header)
    // The batch's own checksum covers what is after it.
    const withHead = crc32cOfFew(buffer, position, position + attributesPosition, this.#rawCrc)
    this.#rawCrc = combineCrc32c(withHead, header.crc, length - attributesPosition)
    if (this.#filled === 0) this.#startedAt = this.#options.clock.monotonic()
    this.#fetchedAt = fetchedAt
    const room = this.#room(length, buffer.length - position)
    buffer.copy(room, this.#filled, position, position + length)
    this.#filled += length
    count(this.#facts, header, leastTimestamp(buffer, header), this.#next)
    const isVisible = aborted === undefined && !header.isControl
    const visible = isVisible ? recordsFrom(this.#next, header) : 0
    this.#visibleRecords += visible
    this.#next = header.nextOffset
    if (header.codec !== 'none') this.#compressedBytes += length
    if (aborted !== undefined) this.#aborted.push(aborted)
    return visible
  }

  /** Returns the chunk so far and begins another one; undefined when it is empty. */
  finish(): RawChunk | undefined {
    const block = this.#block
    if (block === undefined) return undefined
    const { times, flags, ...facts } = this.#facts
    const chunk: RawChunk = {
      facts: {
        ...facts,
        ...timeFacts(times),
        kind: 'batches',
        partition: this.#options.partition,
        next: this.#next,
        fetchedAt: this.#fetchedAt,
        flags: { ...flags },
      },
      raw: block.bytes.subarray(0, this.#filled),
      memoryBytes: block.bytes.length,
      rawCrc: this.#rawCrc,
      aborted: this.#aborted,
      visibleRecords: this.#visibleRecords,
      startedAt: this.#startedAt,
      compressible: 2 * this.#compressedBytes < this.#filled,
      release: () => block.release(),
    }
    this.#begin()
    return chunk
  }

  /** Offset after what was appended. */
  get next(): number {
    return this.#next
  }

  /** Continues at `from`, which is beyond {@link next}. The chunk must be empty. */
  skipTo(from: number): void {
    this.#next = from
    this.#begin()
  }

  /** Drops what is collected and releases its memory. */
  release(): void {
    this.#block?.release()
    this.#begin()
  }

  #begin(): void {
    this.#block = undefined
    this.#filled = 0
    this.#rawCrc = 0
    this.#facts = noFacts(this.#next)
    this.#aborted = []
    this.#visibleRecords = 0
    this.#compressedBytes = 0
  }

  #room(length: number, expected: number): Buffer {
    const needed = this.#filled + length
    if (this.#block === undefined || this.#block.bytes.length < needed) {
      const wanted = Math.min(this.#filled + expected, blockBytes)
      const larger = this.#options.memory.take(Math.max(needed, wanted))
      this.#block?.bytes.copy(larger.bytes, 0, 0, this.#filled)
      this.#block?.release()
      this.#block = larger
    }
    return this.#block.bytes
  }
}

/**
 * Counts the records of a batch with offsets from `from` on: after DeleteRecords a broker still
 * serves the whole batch with the first record that is left. For a batch that compaction thinned
 * out, it is the greatest possible number.
 */
function recordsFrom(
  from: number,
  { records, baseOffset, lastOffsetDelta, nextOffset }: BatchHeader,
): number {
  const isDense = records === lastOffsetDelta + 1
  return isDense ? records - Math.max(from - baseOffset, 0) : Math.min(records, nextOffset - from)
}

/** Times of the chunk's records so far, without control records. */
interface OpenTimes {
  /** Infinite while there are no records. */
  least: number
  /** Whether {@link least} is exact, and no estimate for records that are not decoded. */
  isLeastKnown: boolean
  /** Infinite, negative, while there are no records. */
  greatest: number
}

/** Facts of the chunk so far. */
interface OpenFacts {
  readonly from: number
  leaderEpoch: number
  batches: number
  records: number
  controlBatches: number
  maxBatchBytes: number
  readonly times: OpenTimes
  readonly flags: { transactional: boolean; holes: boolean; logAppendTime: boolean }
}

function noFacts(from: number): OpenFacts {
  return {
    from,
    leaderEpoch: -1,
    batches: 0,
    records: 0,
    controlBatches: 0,
    maxBatchBytes: 0,
    times: {
      least: Number.POSITIVE_INFINITY,
      isLeastKnown: true,
      greatest: Number.NEGATIVE_INFINITY,
    },
    flags: { transactional: false, holes: false, logAppendTime: false },
  }
}

/** Adds a batch to the facts. `expected`: the offset after the batch before it. */
function count(
  facts: OpenFacts,
  header: BatchHeader,
  least: number | null | undefined,
  expected: number,
): void {
  facts.leaderEpoch = header.leaderEpoch
  facts.batches += 1
  facts.records += header.records
  // A marker that compaction emptied has no record to be left out later.
  if (header.isControl) facts.controlBatches += header.records
  facts.maxBatchBytes = Math.max(facts.maxBatchBytes, header.length)
  facts.flags.transactional ||= header.isTransactional || header.isControl
  facts.flags.logAppendTime ||= header.timestampType === 'log-append'
  facts.flags.holes ||= header.records <= header.lastOffsetDelta || header.baseOffset > expected
  if (header.isControl || least === undefined) return
  const { times } = facts
  times.isLeastKnown &&= least !== null
  times.least = Math.min(times.least, least ?? estimatedLeast(header))
  times.greatest = Math.max(times.greatest, header.maxTime)
}

/**
 * Estimates the least time of records that are not decoded: the base timestamp is that of the first
 * record, unless it is a delete horizon (KIP-534).
 */
function estimatedLeast({ baseTime, maxTime, hasDeleteHorizon }: BatchHeader): number {
  return hasDeleteHorizon ? maxTime : Math.min(baseTime, maxTime)
}

function timeFacts({
  least,
  isLeastKnown,
  greatest,
}: OpenTimes): Pick<ChunkFacts, 'minTimestamp' | 'maxTimestamp' | 'estimatedMinTimestamp'> {
  if (least === Number.POSITIVE_INFINITY) return { minTimestamp: null, maxTimestamp: null }
  if (isLeastKnown) return { minTimestamp: least, maxTimestamp: greatest }
  return { minTimestamp: null, maxTimestamp: greatest, estimatedMinTimestamp: least }
}
