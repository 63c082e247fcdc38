import { crc32 } from 'node:zlib'

/** What was written, to be recognised by. */
export interface Content {
  readonly size: number
  isSameAs(body: AsyncIterable<Uint8Array>): Promise<boolean>
}

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

/** Where the bytes are no longer at hand. Enough for keys that nobody else uses. */
export function contentOfChecksum(size: number, checksum: number): Content {
  return {
    size,
    async isSameAs(body) {
      let found = 0
      for await (const chunk of body) found = crc32(chunk, found)
      return found === checksum
    },
  }
}
