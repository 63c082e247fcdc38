import type { StorageBackend, StorageCapabilities } from '../../backend.ts'
import type { Clock, Random } from '../../environment.ts'
import type { KeyPrefix } from '../../object-key.ts'
import { ObservedStorage } from './observed-storage.ts'
import type { StorageObserver } from './observer.ts'
import { PrefixedStorage } from './prefix.ts'
import { LimitedStorage } from './rate-limit.ts'
import { defaultRetryPolicy, type RetryPolicy } from './retry/retry-deadline.ts'
import { RetryingStorage } from './retry/retrying-storage.ts'

/** Options of {@link decorate}. */
export interface DecorateOptions {
  /** Clock of the pauses and time limits. */
  readonly clock: Clock
  /** Source of randomness for the length of pauses. */
  readonly random: Random
  /** Folder of the backend that holds all keys. Defaults to its root. */
  readonly prefix?: KeyPrefix | undefined
  /**
   * Capabilities that differ from what the backend states, such as `ifVersionDelete: false`, which
   * a probe found out. Defaults to none.
   */
  readonly capabilities?: Partial<StorageCapabilities> | undefined
  /** Limits of the retries that differ from the defaults, which {@link RetryPolicy} names. */
  readonly retry?: Partial<RetryPolicy> | undefined
  /**
   * Largest number of requests per second, all attempts together. They are spread evenly, and wait
   * for their turn. Defaults to no limit.
   */
  readonly requestsPerSecond?: number | undefined
  /** Receives every attempt, for metrics and logs. Defaults to none. */
  readonly observer?: StorageObserver | undefined
}

/**
 * Returns a storage with what every backend needs around it, in the only right order: prefix →
 * retries → rate limit → observer → backend. Each attempt is limited and observed, and a caller
 * sees one call. Closing the storage closes the backend.
 *
 * Retries repeat what failed with the retry `same-request`, until a deadline. A `put` whose answer
 * was lost is sent again, with the same bytes and condition, and recognised by its content; the
 * commit of a writer is sent once and recognised likewise. A write whose outcome remains unknown
 * fails with STORAGE_OUTCOME_UNKNOWN, and nothing is deleted.
 */
export function decorate(backend: StorageBackend, options: DecorateOptions): StorageBackend {
  const { clock, random, prefix, capabilities, observer } = options
  const { requestsPerSecond = Number.POSITIVE_INFINITY } = options
  const policy = { ...defaultRetryPolicy, ...options.retry }
  const observed = observer ? new ObservedStorage(backend, clock, observer) : backend
  const limited = new LimitedStorage(observed, clock, requestsPerSecond)
  const retried = new RetryingStorage(limited, { clock, random, policy }, capabilities)
  return prefix ? new PrefixedStorage(retried, prefix) : retried
}
