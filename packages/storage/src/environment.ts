/** A clock that is injected into libraries, so that tests and simulations decide the time. */
export interface Clock {
  /**
   * Returns the wall-clock time in milliseconds since 1970, UTC. It may jump in both directions.
   */
  now(): number
  /**
   * Returns the milliseconds since an arbitrary moment, which never decrease. Use it to measure
   * durations.
   */
  monotonic(): number
  /** Resolves after `milliseconds`. Rejects with the signal's reason when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/**
 * A source of unpredictable randomness that is injected into libraries, so that tests can repeat a
 * run.
 */
export interface Random {
  /** Returns `length` random bytes. */
  bytes(length: number): Uint8Array
}
