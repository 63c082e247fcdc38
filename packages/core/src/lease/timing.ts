import type { Clock } from '@kannery/storage'

/**
 * Sets how leases age. Durations are in milliseconds and can be scaled down together: tests with
 * real processes use seconds.
 */
export interface LeaseTiming {
  /** Time to live: a lease whose holder was silent for this long, plus the slack, is an orphan. */
  readonly ttlMs: number
  /** How often a holder renews its heartbeat. */
  readonly renewEveryMs: number
  /** A holder that last renewed longer ago than this, by its own clocks, stops committing. */
  readonly deadlineMs: number
  /** Added to the time to live, for storages whose times are in whole seconds. */
  readonly slackMs: number
}

/** The default timing: time to live 5 min, renewal every 100 s, deadline 225 s, slack 5 s. */
export const defaultLeaseTiming: LeaseTiming = {
  ttlMs: 300_000,
  renewEveryMs: 100_000,
  deadlineMs: 225_000,
  slackMs: 5_000,
}

/**
 * When a holder last wrote its lease or its heartbeat, by its own clocks. They are read before the
 * request is sent, so the storage received it no earlier.
 */
export interface RenewalTime {
  readonly monotonicMs: number
  readonly wallMs: number
}

/** Reads both clocks: call it right before the lease or the heartbeat is written. */
export function renewalTimeNow(clock: Clock): RenewalTime {
  return { monotonicMs: clock.monotonic(), wallMs: clock.now() }
}

/** Returns the later of two renewals by the monotonic clock, or `first` without a second one. */
export function laterRenewal(first: RenewalTime, second: RenewalTime | undefined): RenewalTime {
  return second === undefined || second.monotonicMs < first.monotonicMs ? first : second
}

/**
 * Returns the milliseconds since a renewal, by the clock that shows more: a monotonic clock may
 * stand still while the machine sleeps, and a wall clock may be set back.
 */
export function elapsedSince(clock: Clock, renewal: RenewalTime): number {
  return Math.max(clock.monotonic() - renewal.monotonicMs, clock.now() - renewal.wallMs)
}
