import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Random } from '@kannery/storage'

/** The machine's clock. Libraries never reach for it themselves: apps hand it in. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
  },
}

/** The operating system's source of randomness. */
export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
}
