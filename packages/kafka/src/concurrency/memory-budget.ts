/** Bounds how many bytes are under way. What is larger than the whole budget passes alone. */
export class MemoryBudget {
  readonly #limit: number
  readonly #waiting: { readonly bytes: number; enter(): void; refuse(reason: unknown): void }[] = []
  #used = 0
  #closed: { readonly reason: unknown } | undefined

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get used(): number {
    return this.#used
  }

  /**
   * Resolves, in the order of the calls, when there is room. Rejects with the reason of `close`.
   */
  async acquire(bytes: number): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed.reason
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes
      return
    }
    await new Promise<void>((enter, refuse) => this.#waiting.push({ bytes, enter, refuse }))
  }

  /** Counts bytes that are there already, also beyond the limit: what follows waits longer. */
  charge(bytes: number): void {
    this.#used += bytes
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

  /** Nobody enters any more: those who wait and those who come are refused with `reason`. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    for (const waiting of this.#waiting.splice(0)) waiting.refuse(reason)
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limit
  }
}
