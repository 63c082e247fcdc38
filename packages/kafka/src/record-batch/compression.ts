import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils'
import { compressedDataError } from './compression-errors.ts'
import { decompressLz4 } from './compression-lz4.ts'
import { decompressSnappy } from './compression-snappy.ts'

/**
 * In the order of Kafka's numbers (org.apache.kafka.common.record.CompressionType): the lowest
 * three bits of a batch's attributes.
 */
export const compressionCodecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type CompressionCodec = (typeof compressionCodecs)[number]

/**
 * Compresses the records section of a batch (never empty), in the framing that brokers and the Java
 * client read.
 */
export function compress(codec: CompressionCodec, bytes: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes)
    case 'snappy':
      return snappyCompress(bytes)
    case 'lz4':
      return lz4Compress(bytes)
    case 'zstd':
      return zstdCompressSync(bytes)
  }
}

/**
 * Decompresses the records section of a batch. Of what producers may write, all that a broker
 * accepts is read: gzip members and zstd frames in a row, bare and framed snappy, LZ4 frames of
 * every block size.
 *
 * @throws KAFKA_DATA_CORRUPT when the data is damaged, or decompresses to more than `maxBytes`; no
 *   more than that is allocated.
 */
export function decompress(
  codec: CompressionCodec,
  bytes: Uint8Array,
  maxBytes: number,
): Uint8Array {
  switch (codec) {
    case 'none':
      return bytes
    case 'gzip':
      return withZlib('gzip', () => gunzipSync(bytes, { maxOutputLength: maxBytes }))
    case 'snappy':
      return decompressSnappy(bytes, maxBytes)
    case 'lz4':
      return decompressLz4(bytes, maxBytes)
    case 'zstd':
      return withZlib('zstd', () => decompressZstd(bytes, maxBytes))
  }
}

/** Node's zstdDecompressSync stops after the first frame without an error. */
function decompressZstd(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const frames: Buffer[] = []
  let length = 0
  let position = 0
  do {
    const frame = zstdFrame(bytes.subarray(position), maxBytes - length)
    if (frame.consumed === 0) throw compressedDataError('zstd', 'a frame cannot be read')
    frames.push(frame.output)
    length += frame.output.length
    position += frame.consumed
  } while (position < bytes.length)
  return frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames, length)
}

function zstdFrame(bytes: Uint8Array, maxBytes: number): { output: Buffer; consumed: number } {
  // With `info`, Node returns the engine beside the output; its bytesWritten is how much input it
  // took. The types do not know.
  const answer = zstdDecompressSync(bytes, {
    maxOutputLength: Math.max(maxBytes, 1),
    info: true,
  }) as unknown as {
    readonly buffer: Buffer
    readonly engine: { readonly bytesWritten: number }
  }
  return { output: answer.buffer, consumed: answer.engine.bytesWritten }
}

function withZlib(codec: CompressionCodec, decompressAll: () => Uint8Array): Uint8Array {
  try {
    return decompressAll()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw compressedDataError(codec, 'it holds more bytes than allowed', error)
    }
    throw compressedDataError(codec, error instanceof Error ? error.message : String(error), error)
  }
}
