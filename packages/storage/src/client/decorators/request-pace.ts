import type { Clock } from '../../environment.ts'

/**
 * How much unused time a late timer may make up for, milliseconds: then requests follow each other
 * without a pause.
 */
const catchUpMs = 100

/** Spaces requests evenly: each waits for its turn. */
export class RequestPace {
  readonly #clock: Clock
  readonly #intervalMs: number
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, requestsPerSecond: number) {
    this.#clock = clock
    this.#intervalMs = 1000 / requestsPerSecond
  }

  async turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#intervalMs === 0) return
    const nowMs = this.#clock.monotonic()
    const turnMs = Math.max(this.#nextMs, nowMs - catchUpMs)
    this.#nextMs = turnMs + this.#intervalMs
    if (turnMs > nowMs) await this.#clock.sleep(turnMs - nowMs, signal)
  }
}
