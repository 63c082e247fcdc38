import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Random } from '@kannery/storage'

/**
 * A longer timer of Node fires at once:
 * https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
 */
const longestTimerMs = 2 ** 31 - 1

/** The machine's clock. Libraries never reach for it themselves: apps hand it in. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    signal?.throwIfAborted()
    try {
      for (let left = milliseconds; left > 0; left -= longestTimerMs) {
        await sleep(Math.min(left, longestTimerMs), undefined, { signal })
      }
    } catch (error) {
      // The timer rejects with an error of its own; the contract is the signal's reason.
      signal?.throwIfAborted()
      throw error
    }
  },
}

/** The operating system's source of randomness. */
export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
}

/** Environment variables, handed in by the app. */
export type Environment = Readonly<Record<string, string | undefined>>
