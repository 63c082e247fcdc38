import { describe, expect, test } from 'vitest'
import { TestClock } from './test-clock.ts'

describe('the test clock', () => {
  test('sleepers wake in the order of their times, each before the next', async () => {
    const clock = new TestClock(1000)
    const story: string[] = []
    const sleepTwice = async (name: string, first: number, second: number): Promise<void> => {
      await clock.sleep(first)
      story.push(`${name} at ${clock.monotonic()}`)
      await clock.sleep(second)
      story.push(`${name} at ${clock.monotonic()}`)
    }
    const all = [sleepTwice('a', 30, 30), sleepTwice('b', 10, 25)]

    await clock.pass(50)
    expect(story).toEqual(['b at 10', 'a at 30', 'b at 35'])
    expect(clock.now()).toBe(1050)

    await clock.pass(10)
    expect(story.at(-1)).toBe('a at 60')
    await Promise.all(all)
  })

  test('time passes until a promise is settled, and no further', async () => {
    const clock = new TestClock(0)
    const work = clock.sleep(5).then(async () => {
      await clock.sleep(7)
      return 'done'
    })

    expect(await clock.passUntil(work)).toBe('done')
    expect(clock.monotonic()).toBe(12)
    await expect(clock.passUntil(Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })

  test('a sleep ends with the reason of its signal', async () => {
    const clock = new TestClock()
    const controller = new AbortController()
    const sleep = clock.sleep(10, controller.signal)

    controller.abort(new Error('stop'))
    await expect(sleep).rejects.toThrow('stop')
    await expect(clock.sleep(10, controller.signal)).rejects.toThrow('stop')
  })

  test('a skewed clock sleeps as the true one does', async () => {
    const clock = new TestClock(0)
    const behind = clock.skewed(-86_400_000)
    const sleep = behind.sleep(10)

    await clock.pass(10)
    await sleep
    expect(behind.now()).toBe(10 - 86_400_000)
    expect(behind.monotonic()).toBe(10)
  })
})
