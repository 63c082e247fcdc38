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
/** 1 MiB, the usual size of a chunk, and the byte of {@link decompressionOf}. */
const pieceBytes = 1024 * 1024 + 1
/** Up to this size, handing the work to another thread costs 150 µs, more than the work itself. */
export const smallBytes: number = 32 * 1024

/**
 * Compresses `raw` into one frame, on another thread unless `raw` is small. The same input and
 * version of zstd give the same bytes.
 */
export async function compressZstd(raw: Uint8Array): Promise<Uint8Array> {
  const options = compressionOf(raw.byteLength)
  if (raw.byteLength <= smallBytes) return zstdCompressSync(raw, options)
  return await compressAside(raw, options)
}

/**
 * Decompresses a frame. Never allocates more than about `rawLength` (at least 1) bytes, whatever
 * the frame says, and for a chunk of up to 1 MiB allocates once.
 *
 * @throws what zlib throws for a damaged frame, or one that is longer than `rawLength`
 */
export async function decompressZstd(stored: Uint8Array, rawLength: number): Promise<Uint8Array> {
  const options = decompressionOf(rawLength)
  if (rawLength <= smallBytes) return zstdDecompressSync(stored, options)
  return await decompressAside(stored, options)
}

/** Options of zlib that compress `rawLength` bytes into one frame. */
export function compressionOf(rawLength: number): ZstdOptions {
  return {
    chunkSize: greatestFrameBytes(rawLength),
    // The size in the frame lets any decoder allocate once.
    pledgedSrcSize: rawLength,
    params: { [constants.ZSTD_c_compressionLevel]: level },
  }
}

/** Options of zlib that decompress a frame of at most `rawLength` bytes. */
export function decompressionOf(rawLength: number): ZstdOptions {
  return {
    maxOutputLength: rawLength,
    // zlib makes another piece as soon as one is full: the byte too many saves it.
    chunkSize: Math.max(constants.Z_MIN_CHUNK, Math.min(rawLength + 1, pieceBytes)),
  }
}

/**
 * Length of the longest frame that `length` bytes may give, or a little more (ZSTD_compressBound of
 * zstd.h). With room for it, a synchronous call compresses from the input directly into the output;
 * with less, zstd copies the input into a window first, which takes a quarter longer.
 */
function greatestFrameBytes(length: number): number {
  return length + Math.floor(length / 256) + 64
}
