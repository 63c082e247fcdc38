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
