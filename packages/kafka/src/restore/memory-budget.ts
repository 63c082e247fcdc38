/** Bounds how many bytes are under way. What is larger than the whole budget passes alone. */
export class MemoryBudget {
  readonly #limit: number
  readonly #waiting: { readonly bytes: number; enter(): void }[] = []
  #used = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get used(): number {
    return this.#used
  }

  /** Resolves, in the order of the calls, when there is room. */
  async acquire(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes
      return
    }
    await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }))
  }

  release(bytes: number): void {
    this.#used -= bytes
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); ) {
      this.#waiting.shift()
      this.#used += next.bytes
      next.enter()
      next = this.#waiting[0]
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limit
  }
}
