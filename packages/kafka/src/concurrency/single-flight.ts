/** Work beside a loop, one at a time: who asks again while it runs is not heard. */
export class Errand {
  readonly #onFailed: (error: unknown) => void
  #running: Promise<void> | undefined

  constructor(onFailed: (error: unknown) => void) {
    this.#onFailed = onFailed
  }

  start(work: () => Promise<void>): void {
    if (this.#running !== undefined) return
    this.#running = work()
      .catch(this.#onFailed)
      .finally(() => {
        this.#running = undefined
      })
  }

  /** Resolves when nothing is under way. */
  async done(): Promise<void> {
    await this.#running
  }
}
