import { type Clock, KanneryError } from '@kannery/storage'
import { isKafkaError } from './errors.ts'

export interface RetryOptions {
  readonly clock: Clock
  readonly patienceMs: number
  /** Which errors are worth another attempt. Errors that are not Kannery's own never are. */
  mayRetry(error: KanneryError): boolean
  readonly signal?: AbortSignal | undefined
}

/** Kafka's own retry.backoff.ms and retry.backoff.max.ms. */
const firstBackoffMs = 100
const greatestBackoffMs = 1000
/**
 * How long it is waited in all for a quota that is used up: others may use up what becomes free of
 * it.
 */
const quotaPatienceMs = 600_000

/**
 * Runs `attempt` again while it fails with an error that `mayRetry`, for at most `patienceMs`; then
 * throws the last error. `attempt` looks at the world anew each time, so "same request" and "after
 * refresh" are one here. Where a broker says that a quota is used up, and for how long (KIP-599),
 * that time is waited, for ten minutes at most, and is no part of the patience.
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
 * How long to wait for a quota, milliseconds, as the broker says; undefined for every other error.
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
 * As {@link isTransient}, for requests that are sent with the topic's name alone: no Metadata
 * answer has confirmed before that the topic exists.
 */
export function isTransientButNotUnknown(error: KanneryError): boolean {
  return error.retry !== 'never' && error.code !== 'KAFKA_TOPIC_UNKNOWN'
}
