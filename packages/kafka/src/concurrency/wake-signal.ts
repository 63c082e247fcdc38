import type { Clock } from '@kannery/storage'

/**
 * Lets one loop sleep until something happened. What happened while it was awake is not forgotten.
 */
export class Alarm {
  readonly #clock: Clock
  #rung = false
  #sleeper: AbortController | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ring(): void {
    this.#rung = true
    this.#sleeper?.abort()
  }

  /**
   * Resolves when it rings, or has rung since the last time; at the latest after `milliseconds`.
   */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#rung) {
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
    this.#rung = false
  }
}
