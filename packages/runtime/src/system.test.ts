import { expect, test } from 'vitest'
import { systemClock } from './system.ts'

test("a sleep that is interrupted rejects with the signal's own reason", async () => {
  const stop = new AbortController()
  const reason = new Error('enough')
  const sleeping = systemClock.sleep(60_000, stop.signal)
  stop.abort(reason)

  await expect(sleeping).rejects.toBe(reason)
})
