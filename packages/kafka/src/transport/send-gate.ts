/**
 * Sends requests in the order in which they came, and holds all of them back while something else
 * must happen first. Without an obstacle `pass` sends at once, in the same tick.
 */
export class SendGate {
  readonly #obstacle: () => Promise<void> | undefined
  #waiting: (() => void)[] | undefined

  /**
   * `obstacle` returns what to wait for; undefined when requests may be sent. Its promises must not
   * reject.
   */
  constructor(obstacle: () => Promise<void> | undefined) {
    this.#obstacle = obstacle
  }

  /** Sends now or later. `send` must not throw. */
  pass(send: () => void): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push(send)
      return
    }
    const obstacle = this.#obstacle()
    if (obstacle === undefined) {
      send()
      return
    }
    this.#waiting = [send]
    void this.#clear(obstacle)
  }

  async #clear(first: Promise<void>): Promise<void> {
    for (let next: Promise<void> | undefined = first; next !== undefined; next = this.#obstacle()) {
      await next
    }
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const send of waiting) send()
  }
}
