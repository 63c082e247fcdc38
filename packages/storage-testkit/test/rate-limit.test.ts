import { keyPrefix, objectKey } from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import { describe, expect, test } from 'vitest'
import { atCall, FaultyStorage, MemoryStorage, seededRandom, TestClock } from '../src/index.ts'

const overwrite = { condition: { kind: 'overwrite' } } as const
const ifAbsent = { condition: { kind: 'if-absent' } } as const
const random = seededRandom(1)
const body = Buffer.from('x')

describe('the rate limit', () => {
  test('requests are spread over time, and each attempt counts', async () => {
    const clock = new TestClock()
    const world = new FaultyStorage(MemoryStorage.open({ clock }), { clock })
    const timesMs: number[] = []
    const storage = decorate(world, {
      clock,
      random,
      requestsPerSecond: 10,
      retry: { firstPauseMs: 1 },
      observer: { onAttempt: () => timesMs.push(clock.monotonic()) },
    })
    world.faults.onCall(atCall({ operation: 'head', nth: 2 }, { kind: 'fail' }))

    const key = objectKey('k')
    await clock.passUntil(Promise.all(Array.from({ length: 20 }, () => storage.head(key))))
    expect(timesMs).toHaveLength(21)
    for (const [index, timeMs] of timesMs.entries()) {
      // A little may be caught up on at the start.
      expect(timeMs).toBeGreaterThanOrEqual((index - 2) * 100)
      expect(timeMs).toBeLessThanOrEqual(index * 100 + 1)
    }
  })

  test('each page of a listing and each batch of deletions counts as a request', async () => {
    const clock = new TestClock()
    const world = MemoryStorage.open({ clock })
    const keys = Array.from({ length: 3500 }, (_, index) => objectKey(`t/${index}`))
    for (const key of keys) await world.put(key, body, ifAbsent)
    const storage = decorate(world, { clock, random, requestsPerSecond: 1 })

    const all = { depth: 'all' } as const
    await clock.passUntil(Array.fromAsync(storage.list(keyPrefix(''), all)))
    expect(Math.round(clock.monotonic() / 1000)).toBe(3)
    await clock.passUntil(Array.fromAsync(storage.deleteMany(keys)))
    expect(Math.round(clock.monotonic() / 1000)).toBe(7)
  })

  test('writes of one key keep the distance that the store demands, and others do not wait', async () => {
    const clock = new TestClock()
    // It throttles a client that is faster: the contract to the letter.
    const world = MemoryStorage.open({ clock, capabilities: { minRewriteIntervalMs: 1000 } })
    const faulty = new FaultyStorage(world, { clock })
    const storage = decorate(faulty, { clock, random })
    const [hot, other] = [objectKey('index'), objectKey('other')]

    await clock.passUntil(
      Promise.all([hot, hot, hot].map((key) => storage.put(key, body, overwrite))),
    )
    expect(clock.monotonic()).toBe(2000)
    await storage.put(other, body, overwrite)
    expect(clock.monotonic()).toBe(2000)
    await using writer = await storage.openWriter(hot, overwrite)
    await writer.write(body)
    await clock.passUntil(writer.commit())
    expect(clock.monotonic()).toBe(3000)
    // None was throttled, so none was sent twice.
    expect(faulty.faults.calls.filter(({ operation }) => operation === 'put')).toHaveLength(4)
  })

  test('a write whose condition did not hold delays no other write', async () => {
    const clock = new TestClock()
    const world = MemoryStorage.open({ clock, capabilities: { minRewriteIntervalMs: 1000 } })
    const storage = decorate(world, { clock, random })
    const key = objectKey('index')
    await world.put(key, body, ifAbsent)
    await clock.pass(1000)

    for (let time = 0; time < 3; time++) {
      await expect(storage.put(key, body, ifAbsent)).rejects.toMatchObject({
        code: 'STORAGE_ALREADY_EXISTS',
      })
    }
    await storage.put(key, body, overwrite)
    expect(clock.monotonic()).toBe(1000)
  })
})
