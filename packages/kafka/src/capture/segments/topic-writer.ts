import { type Clock, KanneryError } from '@kannery/storage'
import type { FetchedPartition } from '../../protocol/fetch.ts'
import { BatchCursor } from '../../record-batch/header.ts'
import type { ChunkMemory } from '../memory/chunk-memory.ts'
import { AbortedBatches } from './aborted-batches.ts'
import { ChunkBuilder } from './chunk-builder.ts'
import type { ChunkEncoder } from './chunk-encoder.ts'
import { type SegmentLimits, SegmentPipeline, type UploadSegment } from './segment-pipeline.ts'

/** What writing the segments of one topic needs. */
interface TopicWriterOptions {
  readonly topic: string
  readonly clock: Clock
  readonly limits: SegmentLimits
  readonly memory: ChunkMemory
  readonly encoder: ChunkEncoder
  /** Whether to check each batch before it is taken, not only each chunk before it is written. */
  readonly checksEachBatch: boolean
  readonly upload: UploadSegment
  /** Called once, with the first error. Nothing is taken or kept after it. */
  readonly onFailed: (error: unknown) => void
}

/** Turns the batches of a topic's partitions into segments. */
export class TopicWriter {
  readonly #options: TopicWriterOptions
  readonly #pipeline: SegmentPipeline
  readonly #builders = new Map<number, ChunkBuilder>()
  #buildingBytes = 0

  constructor(options: TopicWriterOptions) {
    this.#options = options
    const { limits, encoder, upload, onFailed } = options
    this.#pipeline = new SegmentPipeline({
      limits,
      encoder,
      upload,
      onFailed: (error) => {
        this.#releaseBuilders()
        onFailed(error)
      },
    })
  }

  /** Memory of what is collected and is not being stored, bytes. */
  get openBytes(): number {
    return this.#buildingBytes + this.#pipeline.openBytes
  }

  /** Memory of what is being stored, bytes. */
  get sealedBytes(): number {
    return this.#pipeline.sealedBytes
  }

  /** Adds a partition, which is to be covered from offset `from` on. */
  addPartition(partition: number, from: number): void {
    const { memory, clock, checksEachBatch } = this.#options
    const options = { memory, clock, partition, from, checksEachBatch }
    this.#builders.set(partition, new ChunkBuilder(options))
  }

  /**
   * Takes the batches in `records`, which follow those before: copies them before it returns.
   * Returns how many of their records consumers would see.
   *
   * @throws KAFKA_DATA_CORRUPT for what cannot be a batch and, if each batch is checked, for one
   *   whose checksum is wrong; KAFKA_UNSUPPORTED. With topic and partition; what was before the
   *   damage is kept.
   */
  take(partition: number, records: Buffer, aborted: FetchedPartition['aborted']): number {
    const builder = this.#builderOf(partition)
    const abortedBatches = new AbortedBatches(aborted)
    const fetchedAt = this.#options.clock.now()
    let visible = 0
    try {
      for (const batch = new BatchCursor(records); batch.next(); ) {
        if (!builder.fits(batch.length)) this.#finishChunk(builder)
        const part = abortedBatches.observe(records, batch)
        const before = builder.memoryBytes
        visible += builder.append(records, batch, part, fetchedAt)
        this.#buildingBytes += builder.memoryBytes - before
      }
    } catch (error) {
      throw named(error, this.#options.topic, partition)
    }
    return visible
  }

  /**
   * Covers the offsets after what was taken, up to `to` (exclusive), as a gap: they are gone from
   * Kafka.
   */
  skip(partition: number, { to, reason }: { readonly to: number; readonly reason: string }): void {
    const { clock } = this.#options
    const builder = this.#builderOf(partition)
    this.#finishChunk(builder)
    const noticed = new Date(clock.now()).toISOString()
    const gap = { partition, offsets: [builder.next, to], reason, noticed } as const
    this.#pipeline.addGap(gap, clock.monotonic())
    builder.skipTo(to)
  }

  /** Closes the open segment, if there is one, with everything that was taken. */
  seal(): void {
    for (const builder of this.#builders.values()) this.#finishChunk(builder)
    this.#pipeline.seal()
  }

  /** Closes the open segment if its first batch came `limits.maxAgeMs` ago. */
  sealWhenOld(): void {
    const { clock, limits } = this.#options
    if (this.#startedAt <= clock.monotonic() - limits.maxAgeMs) this.seal()
  }

  /** Resolves when everything that was sealed is committed. Rejects with the first error. */
  settled(): Promise<void> {
    return this.#pipeline.settled()
  }

  /** Drops what is not committed. Resolves when nothing is in progress any more. */
  async abandon(error: unknown): Promise<void> {
    this.#releaseBuilders()
    this.#pipeline.abandon(error)
    await this.settled().catch(() => undefined)
  }

  /**
   * Time at which the oldest batch came that no segment was closed with; infinite when there is
   * none.
   */
  get #startedAt(): number {
    let oldest = this.#pipeline.startedAt
    for (const { startedAt } of this.#builders.values()) oldest = Math.min(oldest, startedAt)
    return oldest
  }

  #builderOf(partition: number): ChunkBuilder {
    const builder = this.#builders.get(partition)
    if (builder === undefined) throw new KanneryError('INTERNAL', `unknown partition ${partition}`)
    return builder
  }

  #finishChunk(builder: ChunkBuilder): void {
    this.#buildingBytes -= builder.memoryBytes
    const chunk = builder.finish()
    if (chunk !== undefined) this.#pipeline.add(chunk)
  }

  #releaseBuilders(): void {
    for (const builder of this.#builders.values()) builder.release()
    this.#buildingBytes = 0
  }
}

function named(error: unknown, topic: string, partition: number): unknown {
  if (!KanneryError.is(error)) return error
  return error.with({
    message: `partition ${partition} of topic "${topic}": ${error.message}`,
    facts: { topic, partition },
  })
}
