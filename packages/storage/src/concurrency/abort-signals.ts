import type { Clock } from '../environment.ts'

/**
 * Sleeps, and resolves with whether it slept to the end: false once `signal` is aborted. Rejects
 * with any other error of the clock.
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
 * Returns a signal that is aborted when one of the two is, with its reason. `given` is the signal
 * of a call, if it has one.
 */
export function eitherSignal(given: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return given === undefined ? own : AbortSignal.any([given, own])
}
