import { Readable } from 'node:stream'

/** Less than what any connection that is of use carries within a few seconds. */
const pieceBytes = 64 * 1024

/**
 * The body of a request as a stream that reports how many bytes of it have left so far. A
 * connection takes the next piece when it has room, so that a slow one is told apart from one that
 * stands still. The stream reads `body` itself: it makes no copy.
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
