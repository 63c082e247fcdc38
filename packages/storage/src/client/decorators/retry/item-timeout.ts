import type { RetryDeadline } from './retry-deadline.ts'

/**
 * What one attempt gives, piece by piece; each is waited for as long as one attempt may take.
 * `start` gets a signal that is aborted when nobody waits any more: a request that is never
 * answered would keep its connection.
 *
 * @throws STORAGE_UNAVAILABLE when the next piece does not come in time
 */
export async function* withItemTimeout<T>(
  start: (signal: AbortSignal) => AsyncIterable<T>,
  deadline: RetryDeadline,
): AsyncGenerator<T> {
  const over = new AbortController()
  const items = start(over.signal)[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await deadline.attempt(() => items.next())
      if (done === true) return
      yield value
    }
  } finally {
    over.abort()
    // Not waited for: the piece that did not come would be waited for first.
    items.return?.().catch(() => undefined)
  }
}
