import { combineCrc32c, crc32c } from './crc32c.ts'

/** The text form of a CRC-32C in an index: `crc32c:` and eight hexadecimal digits, lower case. */
export type Digest = `crc32c:${string}`

/** Returns the text form of a CRC-32C, as an index stores it. */
export function formatDigest(checksum: number): Digest {
  return `crc32c:${(checksum >>> 0).toString(16).padStart(8, '0')}`
}

/**
 * Returns the checksum of a digest; undefined for everything that {@link formatDigest} does not
 * write.
 */
export function parseDigest(text: string): number | undefined {
  return /^crc32c:[0-9a-f]{8}$/.test(text) ? Number.parseInt(text.slice(7), 16) : undefined
}

/** Computes the digest and the length of a stream of bytes. */
export class RunningDigest {
  #checksum = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get checksum(): number {
    return this.#checksum
  }

  get digest(): Digest {
    return formatDigest(this.#checksum)
  }

  update(bytes: Uint8Array): void {
    this.#checksum = crc32c(bytes, this.#checksum)
    this.#bytes += bytes.byteLength
  }

  /** Adds bytes whose checksum is known, without reading them. */
  updateKnown(checksum: number, length: number): void {
    this.#checksum = combineCrc32c(this.#checksum, checksum, length)
    this.#bytes += length
  }
}
