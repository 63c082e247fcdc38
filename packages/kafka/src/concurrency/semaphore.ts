/** Bounds how many pieces of asynchronous work run at a time. */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []

  /** `count`: how much may run at a time, at least 1. */
  constructor(count: number) {
    this.#free = count
  }

  /** Runs `work` when its turn comes, in the order of the calls, and settles as it does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((enter) => this.#waiting.push(enter))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
