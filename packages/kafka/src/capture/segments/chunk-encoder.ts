import { type ChunkCodec, type EncodedChunk, encodeChunk, ZstdThreads } from '@kannery/core/segment'
import { Semaphore } from '../../concurrency/semaphore.ts'
import type { ChunkBlock, ChunkMemory } from '../memory/chunk-memory.ts'
import type { RawChunk } from './chunk-builder.ts'
import { explainDamage } from './damaged-chunk.ts'
import type { SegmentChunk } from './open-segment.ts'

/**
 * Two threads keep two processors busy. Chunks larger than 1 MiB take libuv's threads instead, of
 * which the other two write files.
 */
const compressedAtATime = 2

/** Share of a chunk's size that may stay empty in its block until it is uploaded. */
const greatestSlack = 1 / 2

/**
 * Encodes raw chunks for segments. Compresses, on threads of its own, what the producers did not.
 */
export class ChunkEncoder implements AsyncDisposable {
  readonly #codec: ChunkCodec
  readonly #memory: ChunkMemory
  readonly #threads = new ZstdThreads()
  readonly #slots = new Semaphore(compressedAtATime)
  #pendingBytes = 0

  constructor(codec: ChunkCodec, memory: ChunkMemory) {
    this.#codec = codec
    this.#memory = memory
  }

  /** Raw bytes of the chunks that are being encoded. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /**
   * Encodes a chunk. Results may come in another order than the calls. The memory of the raw chunk
   * belongs to the result; it is released when encoding fails.
   *
   * @throws KAFKA_DATA_CORRUPT when a batch is not what its producer wrote; INTERNAL
   */
  async encode(chunk: RawChunk): Promise<SegmentChunk> {
    const { facts, raw, rawCrc } = chunk
    this.#pendingBytes += raw.length
    let compressed: ChunkBlock | undefined
    const allocate = (bytes: number): Uint8Array => {
      compressed = this.#memory.takeExactly(bytes)
      return compressed.bytes
    }
    try {
      const threads = this.#threads
      const codec = chunk.compressible ? this.#codec : 'none'
      const encode = (): Promise<EncodedChunk> =>
        encodeChunk(facts, raw, { codec, rawCrc, threads, allocate })
      const encoded = await (codec === 'none' ? encode() : this.#slots.run(encode))
      return this.#segmentChunk(chunk, encoded, compressed)
    } catch (error) {
      const explained = explainDamage(error, raw, facts.partition)
      compressed?.release()
      chunk.release()
      throw explained
    } finally {
      this.#pendingBytes -= raw.length
      this.#memory.notifyRoom()
    }
  }

  /** Ends the threads. Nothing may be encoded any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]()
  }

  #segmentChunk(
    chunk: RawChunk,
    encoded: EncodedChunk,
    compressed: ChunkBlock | undefined,
  ): SegmentChunk {
    const { aborted, visibleRecords, startedAt, raw } = chunk
    const rest = { aborted, visibleRecords, startedAt, rawBytes: raw.length }
    const isTight = chunk.memoryBytes - raw.length <= raw.length * greatestSlack
    if (compressed === undefined && isTight) {
      return { ...rest, encoded, release: () => chunk.release() }
    }
    const block = compressed ?? this.#copy(raw)
    chunk.release()
    return { ...rest, encoded: { ...encoded, stored: block.bytes }, release: () => block.release() }
  }

  #copy(raw: Buffer): ChunkBlock {
    const block = this.#memory.takeExactly(raw.length)
    block.bytes.set(raw)
    return block
  }
}
