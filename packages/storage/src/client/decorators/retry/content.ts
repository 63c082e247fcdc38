import { crc32 } from 'node:zlib'

/** Content of an object that was written, by which the object is recognised. */
export interface Content {
  /** Number of bytes. */
  readonly size: number
  /** Reads `body`, and returns whether it is the same content. */
  isSameAs(body: AsyncIterable<Uint8Array>): Promise<boolean>
}

/** Returns the content of an object whose bytes are in memory. They are compared one by one. */
export function contentOfBytes(bytes: Uint8Array): Content {
  return {
    size: bytes.byteLength,
    async isSameAs(body) {
      let position = 0
      for await (const chunk of body) {
        const expected = bytes.subarray(position, position + chunk.byteLength)
        if (Buffer.compare(chunk, expected) !== 0) return false
        position += chunk.byteLength
      }
      return position === bytes.byteLength
    },
  }
}

const blockBytes = 1024 * 1024
const sampleBytes = 64 * 1024

/**
 * Recognises a stream, whose bytes are not kept, by a checksum of the beginning of each MiB.
 * Objects with keys of their own differ there if they differ. A checksum of every byte would cost
 * more than a tenth of a backup's CPU time.
 */
export class SampledContent implements Content {
  #size = 0
  #checksum = 0

  get size(): number {
    return this.#size
  }

  add(chunk: Uint8Array): void {
    let start = 0
    while (start < chunk.byteLength) {
      const inBlock = (this.#size + start) % blockBytes
      const end = Math.min(chunk.byteLength, start + blockBytes - inBlock)
      if (inBlock < sampleBytes) {
        const sample = chunk.subarray(start, Math.min(end, start + sampleBytes - inBlock))
        this.#checksum = crc32(sample, this.#checksum)
      }
      start = end
    }
    this.#size += chunk.byteLength
  }

  async isSameAs(body: AsyncIterable<Uint8Array>): Promise<boolean> {
    const found = new SampledContent()
    for await (const chunk of body) found.add(chunk)
    return found.#size === this.#size && found.#checksum === this.#checksum
  }
}
