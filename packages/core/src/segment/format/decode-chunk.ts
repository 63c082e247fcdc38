import { crc32c } from '../../digest/crc32c.ts'
import { type ChunkHeader, codecs, isEncrypted } from './chunk-header.ts'
import { decompressZstd } from './zstd.ts'

/** The raw bytes of a chunk, or why they cannot be had. */
export type DecodedChunk =
  | { readonly kind: 'raw'; readonly raw: Uint8Array }
  | { readonly kind: 'damage'; readonly reason: string }
  | { readonly kind: 'unsupported'; readonly why: string }

/**
 * Decodes the stored bytes of a chunk and checks both the stored and the raw bytes. Without
 * compression both are the same buffer.
 */
export async function decodeChunk(header: ChunkHeader, stored: Uint8Array): Promise<DecodedChunk> {
  if (crc32c(stored) !== header.storedCrc) return damage('the checksum of the chunk is wrong')
  if (isEncrypted(header.flagBits)) return { kind: 'unsupported', why: 'it is encrypted' }
  const codec = codecs[header.codecCode]
  if (codec === undefined) {
    return { kind: 'unsupported', why: `it is compressed by codec ${header.codecCode}` }
  }
  return codec === 'none' ? { kind: 'raw', raw: stored } : await decodeZstd(header, stored)
}

async function decodeZstd(header: ChunkHeader, stored: Uint8Array): Promise<DecodedChunk> {
  if (header.rawLength === 0) return damage('a compressed chunk of nothing')
  let raw: Uint8Array
  try {
    raw = await decompressZstd(stored, header.rawLength)
  } catch (error) {
    return damage(
      `the chunk does not decompress: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  if (raw.byteLength !== header.rawLength) return damage('the chunk decompresses to another length')
  if (crc32c(raw) !== header.rawCrc)
    return damage('the checksum of the decompressed chunk is wrong')
  return { kind: 'raw', raw }
}

function damage(reason: string): DecodedChunk {
  return { kind: 'damage', reason }
}
