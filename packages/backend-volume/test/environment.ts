import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendContext } from '@kannery/storage'

/** The real clock and real randomness: these tests are about a real file system. */
export const environment: Pick<BackendContext, 'clock' | 'random'> = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: async (milliseconds, signal) => {
      await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
    },
  },
  random: { bytes: (length) => randomBytes(length) },
}
