import { promisify } from 'node:util'
import {
  constants,
  type ZstdOptions,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib'

const compressAside = promisify(zstdCompress)
const decompressAside = promisify(zstdDecompress)
/**
 * A backup of 1 GB took 1.7 CPU-seconds to compress at this level; level 3 took 4.3 for output
 * about as large or a tenth smaller.
 */
const level = 1
const pieceBytes = 1024 * 1024
/** Up to this size, handing the work to another thread costs 150 µs, more than the work itself. */
const smallBytes = 32 * 1024

/**
 * Compresses `raw` into one frame, on another thread unless `raw` is small. The same input and
 * version of zstd give the same bytes.
 */
export async function compressZstd(raw: Uint8Array): Promise<Uint8Array> {
  const options: ZstdOptions = {
    chunkSize: chunkSizeFor(raw.byteLength),
    // The size in the frame lets any decoder allocate once.
    pledgedSrcSize: raw.byteLength,
    params: { [constants.ZSTD_c_compressionLevel]: level },
  }
  if (raw.byteLength <= smallBytes) return zstdCompressSync(raw, options)
  return await compressAside(raw, options)
}

/**
 * Decompresses a frame. Never allocates more than about `rawLength` (at least 1) bytes, whatever
 * the frame says.
 *
 * @throws what zlib throws for a damaged frame, or one that is longer than `rawLength`
 */
export async function decompressZstd(stored: Uint8Array, rawLength: number): Promise<Uint8Array> {
  const options: ZstdOptions = {
    maxOutputLength: rawLength,
    chunkSize: chunkSizeFor(rawLength),
  }
  if (rawLength <= smallBytes) return zstdDecompressSync(stored, options)
  return await decompressAside(stored, options)
}

/** One piece is enough for most chunks, and a false length allocates no more than one piece. */
function chunkSizeFor(length: number): number {
  return Math.max(constants.Z_MIN_CHUNK, Math.min(length, pieceBytes))
}
