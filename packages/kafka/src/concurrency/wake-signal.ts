import type { Clock } from '@kannery/storage'

/**
 * Lets one loop sleep until something happened. A notification that comes while the loop is awake
 * is kept: the next `wait` then resolves at once.
 */
export class WakeSignal {
  readonly #clock: Clock
  #notified = false
  #sleeper: AbortController | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Wakes the loop, now or at its next `wait`. Several notifications before that count as one. */
  notify(): void {
    this.#notified = true
    this.#sleeper?.abort()
  }

  /**
   * Resolves when `notify` is called, or was called since the last `wait`; at the latest after
   * `milliseconds`. Only one caller may wait at a time.
   */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#notified) {
      const sleeper = new AbortController()
      this.#sleeper = sleeper
      try {
        await this.#clock.sleep(milliseconds, sleeper.signal)
      } catch (error) {
        if (!sleeper.signal.aborted) throw error
      } finally {
        this.#sleeper = undefined
      }
    }
    this.#notified = false
  }
}
