import type { Clock } from '@kannery/storage'

interface Sleeper {
  readonly dueMs: number
  wake(): void
}

/**
 * A clock that stands still until {@link pass} moves it forward. Sleepers wake in the order of
 * their times, and what one of them does next happens before the next one wakes.
 */
export class TestClock implements Clock {
  readonly #startMs: number
  #elapsedMs = 0
  readonly #sleepers = new Set<Sleeper>()

  /**
   * @param startMs wall-clock time at the beginning, in milliseconds since 1970. Defaults to
   *   2026-11-23T07:00Z.
   */
  constructor(startMs: number = Date.UTC(2026, 10, 23, 7)) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#startMs + this.#elapsedMs
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (milliseconds <= 0) return
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', abort)
      }
      const abort = (): void => {
        leave()
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        dueMs: this.#elapsedMs + milliseconds,
        wake: () => {
          leave()
          resolve()
        },
      }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /**
   * Moves time forward by `milliseconds`. Resolves when all sleepers that were due have woken, and
   * all code waits again. Code that waits for real input or output is not waited for.
   */
  async pass(milliseconds: number): Promise<void> {
    const endMs = this.#elapsedMs + milliseconds
    await settle()
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#wake(next)
      await settle()
    }
    this.#elapsedMs = endMs
    await settle()
  }

  /**
   * Moves time forward, from sleeper to sleeper, until `promise` settles, and settles as it does.
   * It waits forever for a promise that neither time nor input settles.
   */
  async passUntil<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const note = (): void => {
      settled = true
    }
    promise.then(note, note)
    await settle()
    while (!settled) {
      const next = this.#next(Number.POSITIVE_INFINITY)
      if (next !== undefined) this.#wake(next)
      await settle()
    }
    return await promise
  }

  /**
   * Returns a clock whose wall-clock time is `milliseconds` ahead of this one, or behind it if
   * negative. Both share their sleepers and monotonic time.
   */
  skewed(milliseconds: number): Clock {
    return {
      now: () => this.now() + milliseconds,
      monotonic: () => this.monotonic(),
      sleep: (duration, signal) => this.sleep(duration, signal),
    }
  }

  #next(endMs: number): Sleeper | undefined {
    let next: Sleeper | undefined
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueMs <= endMs && sleeper.dueMs < (next?.dueMs ?? Number.POSITIVE_INFINITY)) {
        next = sleeper
      }
    }
    return next
  }

  #wake(sleeper: Sleeper): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, sleeper.dueMs)
    sleeper.wake()
  }
}

/**
 * Waits for a turn of the event loop, after which all code has run that waits for promises alone.
 */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}
