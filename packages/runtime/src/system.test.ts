import { describe, expect, test, vi } from 'vitest'
import { systemClock } from './system.ts'

describe("the machine's clock", () => {
  test("a sleep that is interrupted rejects with the signal's own reason", async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const sleeping = systemClock.sleep(60_000, stop.signal)
    stop.abort(reason)

    await expect(sleeping).rejects.toBe(reason)
  })

  test('a sleep may be longer than the longest timer', async () => {
    const stop = new AbortController()
    const woken = vi.fn()
    const sleeping = systemClock.sleep(2 ** 31 + 5, stop.signal).then(woken, () => {})
    await systemClock.sleep(20)
    expect(woken).not.toHaveBeenCalled()
    stop.abort()
    await sleeping
  })
})
