import type { Clock } from '@kannery/storage'

/**
 * How leases age. All durations can be scaled down together: tests with real processes use seconds.
 */
export interface LeaseTiming {
  /** Time to live: a lease whose holder was silent for this long, plus the slack, is an orphan. */
  readonly ttlMs: number
  /** How often a holder renews its heartbeat. */
  readonly renewEveryMs: number
  /** A holder whose last sign of life is older than this by its own clocks stops committing. */
  readonly deadlineMs: number
  /** Added to the time to live, for storages whose times are in whole seconds. */
  readonly slackMs: number
}

/** Time to live 5 min, renewal every 100 s, deadline 225 s, slack 5 s. */
export const defaultLeaseTiming: LeaseTiming = {
  ttlMs: 300_000,
  renewEveryMs: 100_000,
  deadlineMs: 225_000,
  slackMs: 5_000,
}

/** When a sign of life was given, at the latest: the clocks are read before the request is sent. */
export interface SignOfLife {
  readonly monotonicMs: number
  readonly wallMs: number
}

/** Reads both clocks, right before a sign of life is sent. */
export function takeSign(clock: Clock): SignOfLife {
  return { monotonicMs: clock.monotonic(), wallMs: clock.now() }
}

/** Returns the later of two signs of life. */
export function laterSign(first: SignOfLife, second: SignOfLife | undefined): SignOfLife {
  return second === undefined || second.monotonicMs < first.monotonicMs ? first : second
}

/**
 * Milliseconds since a sign of life, by the clock that shows more: a monotonic clock may stand
 * still while the machine sleeps, and a wall clock may be set back.
 */
export function elapsedSince(clock: Clock, sign: SignOfLife): number {
  return Math.max(clock.monotonic() - sign.monotonicMs, clock.now() - sign.wallMs)
}
