import type { StorageBackend, StorageCapabilities } from '../../backend.ts'
import type { Clock, Random } from '../../environment.ts'
import type { KeyPrefix } from '../../object-key.ts'
import { ObservedStorage } from './observed-storage.ts'
import type { StorageObserver } from './observer.ts'
import { PrefixedStorage } from './prefix.ts'
import { LimitedStorage } from './rate-limit.ts'
import { defaultRetryPolicy, type RetryPolicy } from './retry/retry-deadline.ts'
import { RetryingStorage } from './retry/retrying-storage.ts'

/** What to put around a backend. */
export interface DecorateOptions {
  readonly clock: Clock
  readonly random: Random
  /** Folder that holds all keys. Defaults to the root of the backend. */
  readonly prefix?: KeyPrefix | undefined
  /**
   * Capabilities that a probe found missing although the backend promises them, such as
   * `ifVersionDelete: false`.
   */
  readonly capabilities?: Partial<StorageCapabilities> | undefined
  readonly retry?: Partial<RetryPolicy> | undefined
  readonly requestsPerSecond?: number | undefined
  readonly observer?: StorageObserver | undefined
}

/**
 * Puts around a backend what every backend needs, in the only right order: prefix → retries → rate
 * limit → metrics → backend. Each attempt is limited and counted, and a caller sees one call.
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
