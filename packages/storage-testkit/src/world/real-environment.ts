import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, Random } from '@kannery/storage'

/** The clock of the machine, for tests with servers that run on real time. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal })
    } catch (error) {
      // The timer rejects with an error of its own.
      signal?.throwIfAborted()
      throw error
    }
  },
}

/** The randomness of the operating system, so that two runs of a test never use the same names. */
export const realRandom: Random = {
  bytes: (length) => randomBytes(length),
}
