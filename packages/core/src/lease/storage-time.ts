import { type Clock, KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'

/**
 * What time it is by the storage's clock, and never later than it is: what this calls old is old.
 * Learnt from answers that tell it, and told on by the monotonic clock; the machine's wall clock
 * plays no part.
 */
export class StorageTime {
  readonly #clock: Clock
  #reading: { readonly storageMs: number; readonly monotonicMs: number } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** An answer has just come, given at or after `time`. */
  observe(time: Date | undefined): void {
    if (time === undefined) return
    this.#reading = { storageMs: time.getTime(), monotonicMs: this.#clock.monotonic() }
  }

  /** undefined before the first answer that told it. */
  now(): number | undefined {
    if (this.#reading === undefined) return undefined
    const { storageMs, monotonicMs } = this.#reading
    return storageMs + this.#clock.monotonic() - monotonicMs
  }

  /** Where no answer has told the time for `maxAgeMs`, writes `key` and looks when that was. */
  async ask(storage: StorageBackend, key: ObjectKey, maxAgeMs: number): Promise<number> {
    const known = this.now()
    if (known !== undefined && this.#ageMs() < maxAgeMs) return known
    const asked = await storage.put(key, new Uint8Array(), { condition: { kind: 'overwrite' } })
    this.observe(asked.lastModified)
    await deleteIfAllowed(storage, key)
    return this.now() ?? asked.lastModified.getTime()
  }

  #ageMs(): number {
    return this.#clock.monotonic() - (this.#reading?.monotonicMs ?? 0)
  }
}

/** What remains means nothing, and is overwritten by the next who asks. */
async function deleteIfAllowed(storage: StorageBackend, key: ObjectKey): Promise<void> {
  try {
    await storage.delete(key)
  } catch (error) {
    if (!KanneryError.is(error)) throw error
  }
}
