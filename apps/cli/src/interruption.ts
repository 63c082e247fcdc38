export type InterruptingSignal = 'SIGINT' | 'SIGTERM'

/** 128 and the signal's number, as in shells. */
const statuses: Readonly<Record<InterruptingSignal, number>> = { SIGINT: 130, SIGTERM: 143 }

/**
 * What Ctrl-C does. A command that has nothing to finish ends at once. One that promised to finish
 * something gets its signal aborted the first time; the second time it ends at once.
 */
export class Interruption {
  readonly #stop = new AbortController()
  readonly #exit: (status: number) => void
  #announce: (() => void) | undefined

  /** @param exit ends the process at once. */
  constructor(exit: (status: number) => void) {
    this.#exit = exit
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Makes the first signal wait for work to finish; `announce` is called when it begins to. */
  finishFirst(announce: () => void): void {
    this.#announce = announce
  }

  receive(name: InterruptingSignal): void {
    if (this.#announce === undefined || this.#stop.signal.aborted) {
      this.#exit(statuses[name])
      return
    }
    this.#announce()
    this.#stop.abort()
  }
}
