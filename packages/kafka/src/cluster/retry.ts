import { type Clock, KanneryError } from '@kannery/storage'
import { isKafkaError } from './errors.ts'

/** How often and how long to repeat an attempt. */
interface RetryOptions {
  readonly clock: Clock
  /** How long to repeat, milliseconds. */
  readonly patienceMs: number
  /** Whether an error is worth another attempt. Errors that are not Kannery's own never are. */
  mayRetry(error: KanneryError): boolean
  /** Ends a wait between attempts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Kafka's own retry.backoff.ms and retry.backoff.max.ms. */
const firstBackoffMs = 100
const greatestBackoffMs = 1000
/**
 * How long to wait in all for a quota that is used up: other clients may use what becomes free of
 * it.
 */
const quotaPatienceMs = 600_000

/**
 * Runs `attempt` until it succeeds. An error that `mayRetry` accepts is retried for at most
 * `patienceMs`; then the last error is thrown. `attempt` reads the state of the cluster each
 * time, so that the retries `same-request` and `after-refresh` mean the same here.
 *
 * Where a broker says that a quota is used up, and for how long (KIP-599), that time is waited, for
 * ten minutes at most, and does not count as part of `patienceMs`.
 */
export async function retrying<T>(options: RetryOptions, attempt: () => Promise<T>): Promise<T> {
  const { clock, patienceMs, signal } = options
  const quotaDeadline = clock.monotonic() + quotaPatienceMs
  let deadline = clock.monotonic() + patienceMs
  let backoff = firstBackoffMs
  for (;;) {
    const began = clock.monotonic()
    try {
      signal?.throwIfAborted()
      return await attempt()
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      const quotaMs = quotaWait(error)
      const [pause, end] = quotaMs === undefined ? [backoff, deadline] : [quotaMs, quotaDeadline]
      const worthIt = quotaMs !== undefined || options.mayRetry(error)
      if (!worthIt || clock.monotonic() + pause >= end) throw error
      await clock.sleep(pause, signal)
      if (quotaMs === undefined) backoff = Math.min(backoff * 2, greatestBackoffMs)
      else deadline += clock.monotonic() - began
    }
  }
}

/**
 * Returns how long the broker says to wait for a quota, milliseconds; undefined for every other
 * error.
 */
function quotaWait(error: KanneryError): number | undefined {
  if (!isKafkaError(error, 'THROTTLING_QUOTA_EXCEEDED')) return undefined
  const { throttleTimeMs } = error.facts
  return Math.max(typeof throttleTimeMs === 'number' ? throttleTimeMs : 0, firstBackoffMs)
}

/**
 * Whether the same call may succeed a little later. That Metadata does not know a topic is final;
 * any other request may have reached a broker that has not heard of the topic yet.
 */
export function isTransient(error: KanneryError): boolean {
  const { api } = error.facts
  const isUnknown = error.code === 'KAFKA_TOPIC_UNKNOWN' && api === 'Metadata'
  return error.retry !== 'never' && !isUnknown
}

/**
 * Like {@link isTransient}, for requests that are sent with the topic's name alone: no Metadata
 * answer has confirmed before that the topic exists.
 */
export function isTransientButNotUnknown(error: KanneryError): boolean {
  return error.retry !== 'never' && error.code !== 'KAFKA_TOPIC_UNKNOWN'
}
