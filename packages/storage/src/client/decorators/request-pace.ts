import type { Clock } from '../../environment.ts'

/**
 * Unused time in milliseconds that requests may make up for after a late timer: they then follow
 * each other without a pause.
 */
const catchUpMs = 100

/** Spreads requests evenly over time: each waits for its turn. */
export class RequestPace {
  readonly #clock: Clock
  readonly #intervalMs: number
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, requestsPerSecond: number) {
    this.#clock = clock
    this.#intervalMs = 1000 / requestsPerSecond
  }

  /** Waits for the turn of a request. Rejects with the signal's reason when it is aborted. */
  async turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#intervalMs === 0) return
    const nowMs = this.#clock.monotonic()
    const turnMs = Math.max(this.#nextMs, nowMs - catchUpMs)
    this.#nextMs = turnMs + this.#intervalMs
    if (turnMs > nowMs) await this.#clock.sleep(turnMs - nowMs, signal)
  }
}
