import type { Patience } from './retry-deadline.ts'

/**
 * What one attempt gives, piece by piece; each is waited for as long as one attempt may take.
 * `start` gets a signal that is aborted when nobody waits any more: a request that is never
 * answered would keep its connection.
 *
 * @throws STORAGE_UNAVAILABLE when the next piece does not come in time
 */
export async function* piecesInTime<T>(
  start: (signal: AbortSignal) => AsyncIterable<T>,
  patience: Patience,
): AsyncGenerator<T> {
  const over = new AbortController()
  const pieces = start(over.signal)[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await patience.attempt(() => pieces.next())
      if (done === true) return
      yield value
    }
  } finally {
    over.abort()
    // Not waited for: the piece that did not come would be waited for first.
    pieces.return?.().catch(() => undefined)
  }
}
