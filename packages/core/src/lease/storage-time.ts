import { type Clock, KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'

/**
 * The time by the storage's clock, never ahead of it: what is old by this time is old. It is taken
 * from the storage's answers and continued by the monotonic clock; the wall clock of the machine is
 * not used.
 */
export class StorageTime {
  readonly #clock: Clock
  #reading: { readonly storageMs: number; readonly monotonicMs: number } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes note of an answer that has just arrived and that the storage gave at or after `time`. */
  observe(time: Date | undefined): void {
    if (time === undefined) return
    this.#reading = { storageMs: time.getTime(), monotonicMs: this.#clock.monotonic() }
  }

  /** The time, milliseconds; undefined before the first answer that contained one. */
  now(): number | undefined {
    if (this.#reading === undefined) return undefined
    const { storageMs, monotonicMs } = this.#reading
    return storageMs + this.#clock.monotonic() - monotonicMs
  }

  /**
   * Returns the time, milliseconds. When the last answer that contained one is older than
   * `maxAgeMs`, the time is read by writing `key`.
   */
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

/** An object that is left over has no meaning, and is overwritten the next time. */
async function deleteIfAllowed(storage: StorageBackend, key: ObjectKey): Promise<void> {
  try {
    await storage.delete(key)
  } catch (error) {
    if (!KanneryError.is(error)) throw error
  }
}
