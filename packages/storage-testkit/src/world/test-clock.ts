import type { Clock } from '@kannery/storage'

interface Sleeper {
  readonly dueMs: number
  wake(): void
}

/**
 * A clock that stands still until {@link pass} moves it on. Whoever sleeps by it wakes in the order
 * of the times asked for, and what one of them does next happens before the next one wakes.
 */
export class TestClock implements Clock {
  readonly #startMs: number
  #elapsedMs = 0
  readonly #sleepers = new Set<Sleeper>()

  /** `startMs`: the wall clock at the beginning. */
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

  /** Moves time on. Resolves when all that was due has woken and has come to its next wait. */
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
   * Moves time on, from one sleeper to the next, until `promise` is settled; settles as it does.
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
   * The same time and the same sleep, told by a wall clock that is `milliseconds` ahead (or,
   * negative, behind).
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

/** A turn of the event loop: everything that waits for nothing but promises has run by then. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}
