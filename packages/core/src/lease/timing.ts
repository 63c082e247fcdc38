import type { Clock } from '@kannery/storage'

/** How leases age. All of it scales: tests with real processes use seconds. */
export interface LeaseTiming {
  /** A holder that gave no sign of life for so long (and the slack) is an orphan. */
  readonly ttlMs: number
  /** How often a holder gives one. */
  readonly renewEveryMs: number
  /** A holder that is older than this by its own clocks commits nothing any more. */
  readonly deadlineMs: number
  /** For storages that tell times in whole seconds. */
  readonly slackMs: number
}

export const defaultLeaseTiming: LeaseTiming = {
  ttlMs: 300_000,
  renewEveryMs: 100_000,
  deadlineMs: 225_000,
  slackMs: 5_000,
}

/** When, at the latest, a sign of life was given: taken before its request was sent. */
export interface SignOfLife {
  readonly monotonicMs: number
  readonly wallMs: number
}

export function takeSign(clock: Clock): SignOfLife {
  return { monotonicMs: clock.monotonic(), wallMs: clock.now() }
}

export function laterSign(first: SignOfLife, second: SignOfLife | undefined): SignOfLife {
  return second === undefined || second.monotonicMs < first.monotonicMs ? first : second
}

/**
 * By the clock that says more: a monotonic clock may stand still while a machine sleeps, and a wall
 * clock be set back.
 */
export function elapsedSince(clock: Clock, sign: SignOfLife): number {
  return Math.max(clock.monotonic() - sign.monotonicMs, clock.now() - sign.wallMs)
}
