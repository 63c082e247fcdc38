import { type Clock, KanneryError } from '@kannery/storage'

export interface RetryOptions {
  readonly clock: Clock
  readonly patienceMs: number
  /** Which errors are worth another attempt. Errors that are not Kannery's own never are. */
  mayRetry(error: KanneryError): boolean
  readonly signal?: AbortSignal
}

/** Kafka's own retry.backoff.ms and retry.backoff.max.ms. */
const firstBackoffMs = 100
const greatestBackoffMs = 1000

/**
 * Runs `attempt` again while it fails with an error that `mayRetry`, for at most `patienceMs`; then throws the last error.
 * `attempt` looks at the world anew each time, so "same request" and "after refresh" are one here.
 */
export async function retrying<T>(options: RetryOptions, attempt: () => Promise<T>): Promise<T> {
  const { clock, patienceMs, signal } = options
  const deadline = clock.monotonic() + patienceMs
  for (let backoff = firstBackoffMs; ; backoff = Math.min(backoff * 2, greatestBackoffMs)) {
    try {
      signal?.throwIfAborted()
      return await attempt()
    } catch (error) {
      const worthIt = KanneryError.is(error) && options.mayRetry(error)
      if (!worthIt || clock.monotonic() + backoff >= deadline) throw error
    }
    await clock.sleep(backoff, signal)
  }
}
