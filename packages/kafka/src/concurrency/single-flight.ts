/** Runs background work one piece at a time. A start while work is running is ignored. */
export class SingleFlight {
  readonly #onFailed: (error: unknown) => void
  #running: Promise<void> | undefined

  /** `onFailed` is called with the error of each piece of work that rejects; it must not throw. */
  constructor(onFailed: (error: unknown) => void) {
    this.#onFailed = onFailed
  }

  /** Starts `work` unless earlier work is still running. */
  start(work: () => Promise<void>): void {
    if (this.#running !== undefined) return
    this.#running = work()
      .catch(this.#onFailed)
      .finally(() => {
        this.#running = undefined
      })
  }

  /** Resolves when no work is running. Never rejects. */
  async done(): Promise<void> {
    await this.#running
  }
}
