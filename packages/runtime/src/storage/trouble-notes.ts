import type { Clock } from '@kannery/storage'
import type { StorageAttempt, StorageObserver } from '@kannery/storage/client'

/** Shorter trouble is not reported. */
const quietMs = 2000
const everyMs = 10_000

/**
 * Says that a storage does not answer, and why, for as long as it is asked again: a command would
 * be silent for a minute.
 */
export class TroubleNotes implements StorageObserver {
  readonly #location: string
  readonly #clock: Clock
  readonly #say: (line: string) => void
  #sinceMs: number | undefined
  #saidMs = Number.NEGATIVE_INFINITY

  constructor(location: string, clock: Clock, say: (line: string) => void) {
    this.#location = location
    this.#clock = clock
    this.#say = say
  }

  onAttempt({ error, why = 'no answer', durationMs }: StorageAttempt): void {
    if (error !== 'STORAGE_UNAVAILABLE' && error !== 'STORAGE_THROTTLED') {
      this.#sinceMs = undefined
      return
    }
    const nowMs = this.#clock.monotonic()
    this.#sinceMs ??= nowMs - durationMs
    if (nowMs - this.#sinceMs < quietMs || nowMs - this.#saidMs < everyMs) return
    this.#saidMs = nowMs
    this.#say(`${this.#location}: ${why}; asking again`)
  }
}
