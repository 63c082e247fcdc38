/**
 * What a library needs of a clock. Injected, so that tests and simulations decide what time it is.
 */
export interface Clock {
  /** Wall clock, milliseconds. */
  now(): number
  /** Milliseconds that only go forward. */
  monotonic(): number
  /** Rejects with the signal's reason when it is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** A source of randomness that nobody can guess. */
export interface Random {
  bytes(length: number): Uint8Array
}
