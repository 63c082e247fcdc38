import type { Clock } from '../../environment.ts'
import { isConflict } from '../../errors/predicates.ts'

/** Number of keys from which on keys that may be written again are forgotten. */
const manyKeys = 1000

/** Keeps a distance in time between the writes of one key, also between concurrent ones. */
export class RewritePace {
  readonly #clock: Clock
  readonly #intervalMs: number
  /** Key → when it may be written next, by the monotonic clock. */
  readonly #freeMs = new Map<string, number>()

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock
    this.#intervalMs = intervalMs
  }

  /**
   * Writes when the key may be written again. A write whose condition did not hold changed nothing,
   * and delays no other one.
   */
  async write<T>(
    key: string,
    signal: AbortSignal | undefined,
    write: () => Promise<T>,
  ): Promise<T> {
    if (this.#intervalMs === 0) return await write()
    const nowMs = this.#clock.monotonic()
    const turnMs = Math.max(nowMs, this.#freeMs.get(key) ?? nowMs)
    const reservedMs = this.#reserve(key, turnMs)
    try {
      if (turnMs > nowMs) await this.#clock.sleep(turnMs - nowMs, signal)
      const written = await write()
      // The store counts from the time of the write, which is later than that of the request.
      this.#reserve(key, this.#clock.monotonic())
      return written
    } catch (error) {
      const unchanged = isConflict(error) && this.#freeMs.get(key) === reservedMs
      if (unchanged) this.#freeMs.delete(key)
      else this.#reserve(key, this.#clock.monotonic())
      throw error
    }
  }

  #reserve(key: string, writtenMs: number): number {
    const freeMs = Math.max(writtenMs + this.#intervalMs, this.#freeMs.get(key) ?? 0)
    this.#freeMs.set(key, freeMs)
    if (this.#freeMs.size >= manyKeys) this.#forget()
    return freeMs
  }

  #forget(): void {
    const nowMs = this.#clock.monotonic()
    for (const [key, freeMs] of this.#freeMs) if (freeMs <= nowMs) this.#freeMs.delete(key)
  }
}
