// The decorators of @kannery/storage. They are tested here because that package depends on nothing,
// also not on this one.

import { KanneryError, type StorageBackend } from '@kannery/storage'

import { decorate } from '@kannery/storage/client'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  atCall,
  type Fault,
  FaultyStorage,
  type MemoryStorage,
  seededRandom,
  type TestClock,
} from '../src/index.ts'
import { bytes, contentOf, countOf, ifAbsent, key, newRetryWorld } from './retry-world.ts'

let clock: TestClock
let world: MemoryStorage
let faulty: FaultyStorage
let storage: StorageBackend
beforeEach(() => {
  ;({ clock, world, faulty, storage } = newRetryWorld())
})

describe('a request that may be repeated', () => {
  test('is repeated until it succeeds', async () => {
    await world.put(key, bytes('a'), ifAbsent)
    faulty.faults.onCall(({ nth }) => (nth <= 3 ? { kind: 'fail' } : undefined))

    expect(await clock.passUntil(storage.head(key))).toMatchObject({ size: 1 })
    expect(countOf(faulty, 'head')).toBe(4)
  })

  test('is given up at the deadline, with the last error', async () => {
    faulty.faults.onCall(() => ({ kind: 'fail' }))

    await expect(clock.passUntil(storage.head(key))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
    expect(clock.monotonic()).toBeLessThanOrEqual(60_000)
    expect(clock.monotonic()).toBeGreaterThan(45_000)
  })

  test('counts as failed when no answer comes', async () => {
    await world.put(key, bytes('a'), ifAbsent)
    faulty.faults.onCall(atCall({ operation: 'head' }, { kind: 'hang', applied: false }))

    expect(await clock.passUntil(storage.head(key))).toMatchObject({ size: 1 })
    expect(clock.monotonic()).toBeGreaterThanOrEqual(25_000)
    expect(clock.monotonic()).toBeLessThan(26_000)
  })

  test('waits at random, below a bound that doubles', async () => {
    const pausesMs: number[][] = []
    for (let seed = 0; seed < 200; seed++) {
      const failing = new FaultyStorage(world, { clock })
      failing.faults.onCall(({ nth }) => (nth <= 4 ? { kind: 'fail' } : undefined))
      const timesMs: number[] = []
      const observer = { onAttempt: () => timesMs.push(clock.monotonic()) }
      const retrying = decorate(failing, { clock, random: seededRandom(seed), observer })
      await clock.passUntil(retrying.head(key))
      pausesMs.push(timesMs.slice(1).map((time, index) => time - (timesMs[index] ?? 0)))
    }
    for (const [index, bound] of [200, 400, 800, 1600].entries()) {
      const drawn = pausesMs.map((pauses) => pauses[index] ?? Number.NaN)
      expect(Math.max(...drawn)).toBeLessThanOrEqual(bound)
      expect(Math.max(...drawn)).toBeGreaterThan(bound * 0.9)
      expect(Math.min(...drawn)).toBeLessThan(bound * 0.1)
    }
  })

  test('waits as long as a throttling store asks', async () => {
    faulty.faults.onCall(atCall({ operation: 'head' }, { kind: 'throttle', retryAfterMs: 5000 }))

    await clock.passUntil(storage.head(key))
    expect(clock.monotonic()).toBeGreaterThanOrEqual(5000)
    expect(clock.monotonic()).toBeLessThanOrEqual(5200)
  })

  test('is not sent again when the store asks for more time than remains', async () => {
    faulty.faults.onCall(() => ({ kind: 'throttle', retryAfterMs: 3_600_000 }))

    await expect(clock.passUntil(storage.head(key))).rejects.toMatchObject({
      code: 'STORAGE_THROTTLED',
    })
    expect(clock.monotonic()).toBe(0)
    expect(countOf(faulty, 'head')).toBe(1)
  })

  test('ends with the reason of the signal', async () => {
    faulty.faults.onCall(() => ({ kind: 'fail' }))
    const controller = new AbortController()
    const head = storage.head(key, { signal: controller.signal })
    head.catch(() => undefined)
    await clock.pass(1)

    controller.abort(new Error('stop'))
    await expect(head).rejects.toThrow('stop')
  })
})

describe('a request that failed permanently', () => {
  test('is not repeated', async () => {
    faulty.faults.onCall(atCall({ operation: 'head' }, { kind: 'deny' }))

    await expect(storage.head(key)).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
    expect(countOf(faulty, 'head')).toBe(1)
  })
})

describe('a put whose answer was lost (rule U)', () => {
  test('is recognised as our own write, not reported as a conflict', async () => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))

    const stored = await clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))
    expect(stored).toEqual(await world.head(key))
    expect(countOf(faulty, 'put')).toBe(2)
  })

  test('is recognised when it replaced a version', async () => {
    const { version } = await world.put(key, bytes('old'), ifAbsent)
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))

    const condition = { kind: 'if-version', version } as const
    const stored = await clock.passUntil(storage.put(key, bytes('mine'), { condition }))
    expect(stored).toEqual(await world.head(key))
  })

  test('is recognised although reading it back fails for a while', async () => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))
    faulty.faults.onCall(atCall({ operation: 'get' }, { kind: 'fail' }))
    faulty.faults.onCall(atCall({ operation: 'get' }, { kind: 'truncate', after: 2, end: 'error' }))

    await clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))
    expect(await contentOf(world)).toBe('mine')
  })

  test.each(['theirs!', 'them'])(
    'is a conflict when another write (%j) was faster',
    async (other) => {
      faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'fail' }))
      await world.put(key, bytes(other), ifAbsent)

      await expect(
        clock.passUntil(storage.put(key, bytes('mine'), ifAbsent)),
      ).rejects.toMatchObject({
        code: 'STORAGE_ALREADY_EXISTS',
      })
      expect(await contentOf(world)).toBe(other)
    },
  )

  test('is a conflict at once when the first answer says so, whatever the bytes', async () => {
    await world.put(key, bytes('same'), ifAbsent)

    await expect(storage.put(key, bytes('same'), ifAbsent)).rejects.toMatchObject({
      code: 'STORAGE_ALREADY_EXISTS',
    })
    expect(countOf(faulty, 'get')).toBe(0)
  })

  test('has an unknown outcome after the deadline, and nothing is deleted', async () => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))
    faulty.faults.onCall(({ operation }) => (operation === 'put' ? { kind: 'fail' } : undefined))

    await expect(clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
      facts: { key, operation: 'put' },
    })
    expect(await contentOf(world)).toBe('mine')
    expect(countOf(faulty, 'delete')).toBe(0)
  })

  test.each<{ readonly name: string; readonly second: Fault }>([
    { name: 'denied', second: { kind: 'deny' } },
    {
      name: 'denied permanently',
      second: { kind: 'fail', error: new KanneryError('STORAGE_FULL', '') },
    },
  ])('has an unknown outcome when the next attempt is $name', async ({ second }) => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))
    faulty.faults.onCall(atCall({ operation: 'put' }, second))

    await expect(clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
    })
  })

  test('has an unknown outcome when it cannot be read back', async () => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))
    faulty.faults.onCall(atCall({ operation: 'get' }, { kind: 'deny' }))

    await expect(clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
      cause: { code: 'STORAGE_DENIED' },
    })
  })

  test.each([
    new KanneryError('STORAGE_THROTTLED', 'slow down', { retry: 'same-request' }),
    new KanneryError('STORAGE_UNAVAILABLE', 'refused', {
      retry: 'same-request',
      facts: { sent: false },
    }),
  ])('is known not to be stored when it was never sent: $code', async (error) => {
    faulty.faults.onCall(() => ({ kind: 'fail', error }))

    await expect(clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))).rejects.toBe(error)
  })

  test('sends the same bytes with the same condition, also when it hangs', async () => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'hang', applied: true }))

    const stored = await clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))
    expect(stored).toEqual(await world.head(key))
  })
})

describe('a conditional delete whose answer was lost', () => {
  test('succeeds when the object does not exist any more', async () => {
    const { version } = await world.put(key, bytes('a'), ifAbsent)
    faulty.faults.onCall(atCall({ operation: 'delete' }, { kind: 'lose-answer' }))

    await clock.passUntil(storage.delete(key, { ifVersion: version }))
    expect(await contentOf(world)).toBeUndefined()
  })

  test('never deletes an object that was written afterwards', async () => {
    const { version } = await world.put(key, bytes('a'), ifAbsent)
    faulty.faults.onCall(atCall({ operation: 'delete' }, { kind: 'lose-answer' }))
    const deletion = storage.delete(key, { ifVersion: version })
    deletion.catch(() => undefined)
    await clock.pass(0)
    await world.put(key, bytes('successor'), ifAbsent)

    await expect(clock.passUntil(deletion)).rejects.toMatchObject({
      code: 'STORAGE_PRECONDITION_FAILED',
    })
    expect(await contentOf(world)).toBe('successor')
  })

  test('is refused where a probe found that the condition is ignored', async () => {
    const { version } = await world.put(key, bytes('a'), ifAbsent)
    const lowered = decorate(world, {
      clock,
      random: seededRandom(1),
      capabilities: { ifVersionDelete: false },
    })

    expect(lowered.capabilities).toEqual({ ...world.capabilities, ifVersionDelete: false })
    await expect(lowered.delete(key, { ifVersion: version })).rejects.toMatchObject({
      code: 'STORAGE_UNSUPPORTED',
    })
    expect(await contentOf(world)).toBe('a')
  })
})
