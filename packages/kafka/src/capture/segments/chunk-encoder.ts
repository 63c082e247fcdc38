import { type ChunkCodec, type EncodedChunk, encodeChunk } from '@kannery/core/segment'
import { Semaphore } from '../../concurrency/semaphore.ts'
import type { ChunkMemory } from '../memory/chunk-memory.ts'
import type { RawChunk } from './chunk-builder.ts'
import type { SegmentChunk } from './open-segment.ts'

/**
 * Half of libuv's threads: the others write files. More makes it no faster, and each holds
 * megabytes of zlib's until they are collected.
 */
const compressedAtATime = 2

/** So much of a block, as a share of what is in it, may stay empty until the commit. */
const greatestSlack = 1 / 2

/**
 * Turns raw chunks into what goes into segments; compresses on other threads what the producers did
 * not.
 */
export class ChunkEncoder {
  readonly #codec: ChunkCodec
  readonly #memory: ChunkMemory
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
   * Results may come in another order. The raw chunk's memory belongs to the result from now on;
   * when it fails, it is given back.
   */
  async encode(chunk: RawChunk): Promise<SegmentChunk> {
    const { facts, raw, rawCrc } = chunk
    this.#pendingBytes += raw.length
    try {
      const codec = chunk.compressible ? this.#codec : 'none'
      const encode = (): Promise<EncodedChunk> => encodeChunk(facts, raw, { codec, rawCrc })
      const encoded = await (codec === 'none' ? encode() : this.#slots.run(encode))
      return this.#segmentChunk(chunk, encoded)
    } catch (error) {
      chunk.release()
      throw error
    } finally {
      this.#pendingBytes -= raw.length
      this.#memory.tellRoom()
    }
  }

  #segmentChunk(chunk: RawChunk, encoded: EncodedChunk): SegmentChunk {
    const { aborted, visibleRecords, startedAt, raw } = chunk
    const rest = { aborted, visibleRecords, startedAt, rawBytes: raw.length }
    const isTight = chunk.memoryBytes - raw.length <= raw.length * greatestSlack
    if (encoded.stored === raw && isTight) {
      return { ...rest, encoded, release: () => chunk.release() }
    }
    // zlib returns the beginning of a buffer that is as large as the raw chunk.
    const block = this.#memory.copy(encoded.stored)
    chunk.release()
    return { ...rest, encoded: { ...encoded, stored: block.bytes }, release: () => block.release() }
  }
}
