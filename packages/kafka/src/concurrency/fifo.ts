/** Behind so many passed entries their room is given back. */
const worthMoving = 1024

/**
 * A queue that can be looked into. An array's own `shift` moves all entries each time once there
 * are very many.
 */
export class Fifo<T> {
  #entries: (T | undefined)[] = []
  #first = 0

  get length(): number {
    return this.#entries.length - this.#first
  }

  at(index: number): T | undefined {
    return this.#entries[this.#first + index]
  }

  push(entry: T): void {
    this.#entries.push(entry)
  }

  shift(): void {
    if (this.length === 0) return
    // What has passed must not be kept alive.
    this.#entries[this.#first] = undefined
    this.#first += 1
    if (this.#first < worthMoving || this.#first * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }
}
