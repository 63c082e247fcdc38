/** The clock of a library. It is injected, so that tests and simulations decide the time. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. It may jump. */
  now(): number
  /** Milliseconds since any moment; never decreases. Use it to measure durations. */
  monotonic(): number
  /** Resolves after `milliseconds`. Rejects with the signal's reason when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** A source of unpredictable randomness. It is injected, as the clock is. */
export interface Random {
  /** Returns `length` random bytes. */
  bytes(length: number): Uint8Array
}
