/**
 * Bounds how many bytes are in use at a time. A request larger than the whole budget is granted
 * when nothing else is in use.
 */
export class MemoryBudget {
  readonly #limit: number
  readonly #waiting: { readonly bytes: number; grant(): void; refuse(reason: unknown): void }[] = []
  #used = 0
  #closed: { readonly reason: unknown } | undefined

  /** `limitBytes`: how many bytes may be in use at a time. */
  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  /** Bytes in use. */
  get used(): number {
    return this.#used
  }

  /**
   * Reserves `bytes`. Resolves when there is room, in the order of the calls. Rejects with the
   * reason of `close`.
   */
  async acquire(bytes: number): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed.reason
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes
      return
    }
    await new Promise<void>((grant, refuse) => this.#waiting.push({ bytes, grant, refuse }))
  }

  /** Adds bytes that are in use already, also beyond the limit: later requests wait longer. */
  charge(bytes: number): void {
    this.#used += bytes
  }

  /** Releases bytes that were reserved or added. */
  release(bytes: number): void {
    this.#used -= bytes
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); ) {
      this.#waiting.shift()
      this.#used += next.bytes
      next.grant()
      next = this.#waiting[0]
    }
  }

  /** Refuses all waiting and later requests with `reason`. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    for (const waiting of this.#waiting.splice(0)) waiting.refuse(reason)
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limit
  }
}
