import type { Clock } from '@kannery/storage'

/**
 * The clock of a process that may be stopped: time passes, but nothing that waits for it happens
 * before the process wakes up.
 */
export class SleepyClock implements Clock {
  readonly #clock: Clock
  #awakeAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  stop(milliseconds: number): void {
    this.#awakeAt = this.#clock.monotonic() + milliseconds
  }

  /** How long it still sleeps. */
  get asleepMs(): number {
    return Math.max(0, this.#awakeAt - this.#clock.monotonic())
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(milliseconds, signal)
    while (this.asleepMs > 0) await this.#clock.sleep(this.asleepMs, signal)
  }
}
