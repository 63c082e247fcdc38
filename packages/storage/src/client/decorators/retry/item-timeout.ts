import type { RetryDeadline } from './retry-deadline.ts'

/**
 * Yields the items that `start` gives, and waits for each as long as one attempt may take. `start`
 * gets a signal that is aborted when the iteration ends: a request that is never answered would
 * keep its connection.
 *
 * @throws STORAGE_UNAVAILABLE when the next item does not arrive in time
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
    // Awaiting this would wait for the item that did not arrive.
    items.return?.().catch(() => undefined)
  }
}
