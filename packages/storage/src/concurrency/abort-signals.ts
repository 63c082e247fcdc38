import type { Clock } from '../environment.ts'

/**
 * Sleeps by `clock`, and returns whether the whole time passed: false as soon as `signal` is
 * aborted. Rejects only with an error of the clock that has another cause.
 */
export async function sleepUnlessAborted(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await clock.sleep(milliseconds, signal)
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}

/**
 * Returns a signal that is aborted when one of the two is, with the reason of that one.
 *
 * @param given signal of a call, if it has one
 */
export function eitherSignal(given: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return given === undefined ? own : AbortSignal.any([given, own])
}
