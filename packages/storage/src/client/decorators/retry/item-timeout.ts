import { sleepUnlessAborted } from '../../../concurrency/abort-signals.ts'
import { type RetryDeadline, timedOut } from './retry-deadline.ts'

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
  const watch = new ItemWatch(deadline, over.signal)
  try {
    for (;;) {
      const { done, value } = await watch.wait(() => items.next())
      if (done === true) return
      yield value
    }
  } finally {
    over.abort()
    // Awaiting this would wait for the item that did not arrive.
    items.return?.().catch(() => undefined)
  }
}

/** A wait for an item. Times are in milliseconds, by the monotonic clock. */
interface Wait {
  readonly sinceMs: number
  readonly dueMs: number
  readonly reject: (error: Error) => void
}

/**
 * Bounds the waits of one iteration, which come one after the other, by one timer: to start one for
 * each item, and to abort it, takes longer than to read the item from a disk.
 */
class ItemWatch {
  readonly #deadline: RetryDeadline
  readonly #over: AbortSignal
  #wait: Wait | undefined
  #watching = false

  constructor(deadline: RetryDeadline, over: AbortSignal) {
    this.#deadline = deadline
    this.#over = over
  }

  /** Settles as `next` does, or rejects when that takes too long. */
  wait<T>(next: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const { clock, attemptDueMs: dueMs } = this.#deadline
    this.#wait = { sinceMs: clock.monotonic(), dueMs, reject }
    next()
      .finally(() => {
        this.#wait = undefined
      })
      .then(resolve, reject)
    this.#watch().catch(reject)
    return promise
  }

  /** Sleeps until the present wait is due. A wait that begins meanwhile is not due before that. */
  async #watch(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    const { clock } = this.#deadline
    for (let wait = this.#wait; wait !== undefined; wait = this.#wait) {
      const nowMs = clock.monotonic()
      if (nowMs >= wait.dueMs) {
        wait.reject(timedOut(nowMs - wait.sinceMs))
        return
      }
      if (!(await sleepUnlessAborted(clock, wait.dueMs - nowMs, this.#over))) return
    }
    this.#watching = false
  }
}
