import { KanneryError } from '@kannery/storage'
import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { kafkaError } from './errors.ts'
import { retrying } from './retry.ts'

const passing = new KanneryError('KAFKA_UNREACHABLE', 'moving', { retry: 'after-refresh' })

function run(
  attempt: () => Promise<string>,
  { clock, signal }: { readonly clock: TestClock; readonly signal?: AbortSignal },
): Promise<string> {
  const mayRetry = (error: KanneryError): boolean => error.retry !== 'never'
  return retrying({ clock, patienceMs: 5000, mayRetry, ...(signal && { signal }) }, attempt)
}

describe('an attempt that fails for a passing reason', () => {
  test('is repeated, less and less often, until it succeeds', async () => {
    const clock = new TestClock()
    const times: number[] = []
    const running = run(
      async () => {
        times.push(clock.monotonic())
        if (times.length < 7) throw passing
        return 'done'
      },
      { clock },
    )

    expect(await clock.passUntil(running)).toBe('done')
    expect(times).toEqual([0, 100, 300, 700, 1500, 2500, 3500])
  })

  test('fails with its own error when the time is over', async () => {
    const clock = new TestClock()
    const running = run(() => Promise.reject(passing), { clock })
    await expect(clock.passUntil(running)).rejects.toBe(passing)
    expect(clock.monotonic()).toBeLessThan(5000)
  })

  test('is not repeated after the signal is aborted', async () => {
    const clock = new TestClock()
    const ending = new AbortController()
    const reason = new Error('enough')
    const running = run(() => Promise.reject(passing), { clock, signal: ending.signal })
    await clock.pass(50)
    ending.abort(reason)
    await expect(running).rejects.toBe(reason)
  })
})

describe('a quota that is used up', () => {
  const quota = (throttleTimeMs: number): KanneryError =>
    kafkaError(89, { api: 'CreateTopics', throttleTimeMs })

  test('is waited for as long as the broker says, however short the time limit is', async () => {
    const clock = new TestClock()
    const failures = [quota(40_000), passing, quota(7000), passing]
    const times: number[] = []
    const running = run(
      async () => {
        times.push(clock.monotonic())
        const failure = failures.shift()
        if (failure !== undefined) throw failure
        return 'done'
      },
      { clock },
    )

    expect(await clock.passUntil(running)).toBe('done')
    expect(times).toEqual([0, 40_000, 40_100, 47_100, 47_300])
  })

  test('is waited for ten minutes at most', async () => {
    const clock = new TestClock()
    const running = run(() => Promise.reject(quota(45_000)), { clock })

    await expect(clock.passUntil(running)).rejects.toMatchObject({
      facts: { kafkaError: 'THROTTLING_QUOTA_EXCEEDED' },
      remedy: expect.stringContaining('controller_mutation_rate'),
    })
    expect(clock.monotonic()).toBeLessThan(600_000)
  })
})

describe('an attempt that fails permanently', () => {
  test.each([new KanneryError('KAFKA_DENIED', 'no'), new TypeError('a defect')])(
    'what fails permanently is not tried again: %s',
    async (error) => {
      let attempts = 0
      const running = run(
        async () => {
          attempts += 1
          throw error
        },
        { clock: new TestClock() },
      )
      await expect(running).rejects.toBe(error)
      expect(attempts).toBe(1)
    },
  )
})
