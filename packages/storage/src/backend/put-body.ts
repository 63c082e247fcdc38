import { Readable } from 'node:stream'
import { KanneryError } from '../errors/kannery-error.ts'

/** Size in bytes of the largest body of one `put`: 16 MiB. */
export const maxPutBytes: number = 16 * 1024 * 1024
/** Number of bytes that any usable connection carries within a few seconds. */
const pieceBytes = 64 * 1024

/**
 * Checks that the body of a `put` is not larger than {@link maxPutBytes}.
 *
 * @throws INTERNAL when it is: such an object needs a writer
 */
export function assertPutSize(body: Uint8Array): void {
  if (body.byteLength <= maxPutBytes) return
  throw new KanneryError('INTERNAL', `put takes at most 16 MiB, not ${body.byteLength} bytes`)
}

/**
 * Returns the body of a request as a stream that reports to `onProgress` how many bytes of it were
 * sent so far. A connection takes the next 64 KiB when it has room: so a slow connection differs
 * from one that makes no progress. The stream makes no copy: `body` must not change until the
 * request has ended.
 */
export function bodyInPieces(body: Uint8Array, onProgress: (sentBytes: number) => void): Readable {
  function* pieces(): Generator<Uint8Array> {
    for (let start = 0; start < body.byteLength; start += pieceBytes) {
      const end = Math.min(body.byteLength, start + pieceBytes)
      yield body.subarray(start, end)
      onProgress(end)
    }
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: pieceBytes })
}
