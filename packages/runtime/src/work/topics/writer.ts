import { hostname } from 'node:os'
import type { LeaseTiming } from '@kannery/core/lease'
import { KanneryError } from '@kannery/storage'

/** How a job acquires and keeps the leases of topics. */
export interface LeaseOptions {
  /** Time after which a lease that is not renewed counts as orphaned, milliseconds. */
  readonly ttlMs: number
  /** How long to wait for a lease that another writer holds, milliseconds; 0 to fail at once. */
  readonly waitMs: number
  /** A name that only this backup has, over restarts: its own lease is then taken over at once. */
  readonly identity: string | undefined
}

/** Less leaves no time to renew a lease over a network. */
const leastTtlMs = 1000

/**
 * Derives renewal, deadline and slack from `ttlMs`, in the proportions of the five-minute default.
 *
 * @throws CONFIG_INVALID for less than a second
 */
export function leaseTiming(ttlMs: number): LeaseTiming {
  if (ttlMs < leastTtlMs) {
    throw new KanneryError('CONFIG_INVALID', `a lease cannot live for ${ttlMs} ms only`, {
      remedy: 'Let it live for a second at least; 5m is usual.',
    })
  }
  return {
    ttlMs,
    renewEveryMs: Math.floor(ttlMs / 3),
    deadlineMs: Math.floor((ttlMs * 3) / 4),
    slackMs: Math.min(5000, Math.floor(ttlMs / 10)),
  }
}

/** Name of this process as the holder of a lease, for people. */
export function nameWriter(version: string): string {
  return `${hostname()} (pid ${process.pid}, kannery ${version})`
}

/**
 * Adds the location of the storage to an error about a lease: core does not know it.
 */
export function namedLease<E>(error: E, location: string): E | KanneryError {
  if (!KanneryError.is(error, 'LEASE_HELD')) return error
  const { advice } = error
  return error.with({
    advice: advice?.id === 'wait-or-break-lease' ? { ...advice, storage: location } : advice,
    facts: { location },
  })
}
