import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Random } from '@kannery/storage'

/** The machine's clock. Libraries never reach for it themselves: apps hand it in. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    try {
      await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
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
