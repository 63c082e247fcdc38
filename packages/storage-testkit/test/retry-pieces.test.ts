import { setTimeout as delay } from 'node:timers/promises'
import { KanneryError, keyPrefix, objectKey, type StorageBackend } from '@kannery/storage'
import { decorate, readObject } from '@kannery/storage/client'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import {
  atCall,
  FaultyStorage,
  MemoryStorage,
  seededFaults,
  seededRandom,
  type TestClock,
} from '../src/index.ts'
import { alter } from './alter.ts'
import { again, bytes, contentOf, countOf, ifAbsent, key, newRetryWorld } from './retry-world.ts'

let clock: TestClock
let world: MemoryStorage
let faulty: FaultyStorage
let storage: StorageBackend
beforeEach(() => {
  ;({ clock, world, faulty, storage } = newRetryWorld())
})

describe('a body that breaks off', () => {
  const content = seededRandom(5).bytes(500_000)

  const read = async (options: Parameters<StorageBackend['get']>[1] = {}): Promise<Buffer> => {
    const found = await readObject(storage, key, options)
    return Buffer.from(found?.bytes ?? [])
  }

  beforeEach(async () => {
    await world.put(key, content, ifAbsent)
  })

  test.each(['error', 'silent'] as const)('continues where it broke off (end: %s)', async (end) => {
    for (const after of [100_000, 0, 1, 200_000]) {
      faulty.faults.onCall(atCall({ operation: 'get' }, { kind: 'truncate', after, end }))
    }

    expect(Buffer.compare(await clock.passUntil(read()), content)).toBe(0)
    expect(countOf(faulty, 'get')).toBe(5)
  })

  test.each([
    { range: { kind: 'span', start: 1000, end: 400_000 }, expected: content.slice(1000, 400_000) },
    { range: { kind: 'from', start: 1000 }, expected: content.slice(1000) },
    { range: { kind: 'last', length: 400_000 }, expected: content.slice(-400_000) },
    { range: { kind: 'last', length: 600_000 }, expected: content },
  ] as const)('continues within the range $range', async ({ range, expected }) => {
    faulty.faults.onCall(
      atCall({ operation: 'get' }, { kind: 'truncate', after: 100_000, end: 'error' }),
    )

    expect(Buffer.compare(await clock.passUntil(read({ range })), expected)).toBe(0)
  })

  test('is complete when it breaks off after the last byte', async () => {
    faulty.faults.onCall(
      atCall({ operation: 'get' }, { kind: 'truncate', after: content.length, end: 'error' }),
    )

    expect(Buffer.compare(await clock.passUntil(read()), content)).toBe(0)
    expect(countOf(faulty, 'get')).toBe(1)
  })

  test('is not mixed with the bytes of a successor', async () => {
    faulty.faults.onCall(
      atCall({ operation: 'get' }, { kind: 'truncate', after: 100_000, end: 'error' }),
    )
    const reading = read()
    reading.catch(() => undefined)
    await clock.pass(0)
    await world.put(key, content.slice(1), { condition: { kind: 'overwrite' } })

    await expect(clock.passUntil(reading)).rejects.toMatchObject({
      code: 'STORAGE_PRECONDITION_FAILED',
    })
  })

  test('is given up when no more bytes arrive, but never while some do', async () => {
    storage = decorate(faulty, { clock, random: seededRandom(1), retry: { deadlineMs: 5000 } })
    faulty.faults.onCall(({ operation, nth }) =>
      operation === 'get' && nth <= 50
        ? { kind: 'truncate', after: 5000, end: 'error' }
        : undefined,
    )
    expect(Buffer.compare(await clock.passUntil(read()), content)).toBe(0)
    expect(clock.monotonic()).toBeGreaterThan(4000)

    faulty.faults.clear()
    faulty.faults.onCall(() => ({ kind: 'truncate', after: 0, end: 'error' }))
    await expect(clock.passUntil(read())).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  test('has 25 s for each piece, also after pieces that came late', async () => {
    const openedAt: number[] = []
    async function* slowThenSilent(): AsyncGenerator<Uint8Array> {
      for (const start of [0, 10, 20]) {
        await clock.sleep(20_000)
        yield content.slice(start, start + 10)
      }
      await clock.sleep(1_000_000)
    }
    const slow = alter(world, {
      get: async (...call) => {
        openedAt.push(clock.monotonic())
        const { info, body } = await world.get(...call)
        const isFirst = openedAt.length === 1
        return {
          info,
          body: isFirst ? slowThenSilent() : body,
          [Symbol.asyncDispose]: async () => undefined,
        }
      },
    })
    const retry = { firstPauseMs: 0 }
    storage = decorate(slow, { clock, random: seededRandom(1), retry })

    expect(Buffer.compare(await clock.passUntil(read()), content)).toBe(0)
    expect(openedAt).toEqual([0, 85_000])
  })

  test('ends when its reader is disposed of', async () => {
    await using reader = await storage.get(key)
    for await (const chunk of reader.body) {
      expect(chunk.byteLength).toBeGreaterThan(0)
      break
    }
    expect(countOf(faulty, 'get')).toBe(1)
  })

  test('leaves no timer when its reader is disposed of before its end', async () => {
    const sleep = vi.spyOn(clock, 'sleep')
    const reader = await storage.get(key)
    await reader.body[Symbol.asyncIterator]().next()
    await reader[Symbol.asyncDispose]()

    const sleeping = sleep.mock.results.map(({ value }) => value as Promise<void>)
    expect(sleeping.length).toBeGreaterThan(0)
    const ended = Promise.allSettled(sleeping).then(() => 'ended')
    expect(await Promise.race([ended, delay(5000, 'still sleeping')])).toBe('ended')
    expect(clock.monotonic()).toBe(0)
  })
})

describe('a listing that breaks off', () => {
  const names = Array.from({ length: 50 }, (_, index) => `t${String(index).padStart(2, '0')}`)

  test.each([true, false])('yields each entry once (in order: %s)', async (orderedList) => {
    world = MemoryStorage.open({ clock, capabilities: { orderedList } })
    faulty = new FaultyStorage(world, { clock })
    storage = decorate(faulty, { clock, random: seededRandom(1) })
    for (const name of names) {
      await world.put(objectKey(`${name}/index`), bytes(name), ifAbsent)
      await world.put(objectKey(`${name}-file`), bytes(name), ifAbsent)
    }
    for (const after of [3, 10, 0, 47]) {
      faulty.faults.onCall(atCall({ operation: 'list' }, { kind: 'truncate', after, end: 'error' }))
    }

    const listed: string[] = []
    const listing = (async () => {
      for await (const entry of storage.list(keyPrefix(''), { depth: 'children' })) {
        listed.push(entry.kind === 'object' ? entry.info.key : entry.prefix)
      }
    })()
    await clock.passUntil(listing)
    const expected = names.flatMap((name) => [`${name}-file`, `${name}/`])
    expect(orderedList ? listed : listed.toSorted()).toEqual(expected)
    expect(countOf(faulty, 'list')).toBe(5)
  })
})

describe('deletions that fail', () => {
  const keys = Array.from({ length: 2500 }, (_, index) => objectKey(`t/${index}`))

  test('are tried again, and each key has one result', async () => {
    for (const one of keys) await world.put(one, bytes('x'), ifAbsent)
    faulty.faults.onCall(
      seededFaults(seededRandom(2), {
        probability: 0.7,
        longestDelayMs: 5,
        kinds: ['fail', 'lose-answer'],
      }),
    )

    const results = await clock.passUntil(Array.fromAsync(storage.deleteMany(keys)))
    expect(results.map((result) => result.key).toSorted()).toEqual(keys.toSorted())
    expect(results.filter((result) => result.error)).toEqual([])
    expect(world.contents().size).toBe(0)
  })

  test('are tried again when no answer comes', async () => {
    await world.put(key, bytes('x'), ifAbsent)
    faulty.faults.onCall(atCall({ operation: 'deleteMany' }, { kind: 'hang', applied: false }))

    expect(await clock.passUntil(Array.fromAsync(storage.deleteMany([key])))).toEqual([{ key }])
    expect(await contentOf(world)).toBeUndefined()
  })

  test('may take long while one after the other succeeds', async () => {
    const slow = alter(world, {
      deleteMany: async function* (those) {
        for await (const one of those) {
          await clock.sleep(20_000)
          yield { key: one }
        }
      },
    })
    storage = decorate(slow, { clock, random: seededRandom(1) })

    const results = await clock.passUntil(Array.fromAsync(storage.deleteMany(keys.slice(0, 5))))
    expect(results).toEqual(keys.slice(0, 5).map((one) => ({ key: one })))
  })

  test('are reported key by key when they fail permanently', async () => {
    faulty.faults.onCall(({ nth }) => (nth === 1 ? { kind: 'deny' } : undefined))

    const results = await clock.passUntil(Array.fromAsync(storage.deleteMany(keys.slice(0, 3))))
    expect(results).toMatchObject(
      keys.slice(0, 3).map(() => ({ error: { code: 'STORAGE_DENIED' } })),
    )
    expect(countOf(faulty, 'deleteMany')).toBe(1)
  })

  test('are reported key by key when they fail until the deadline', async () => {
    const busy = new KanneryError('STORAGE_THROTTLED', 'busy', again)
    const alwaysBusy = alter(world, {
      deleteMany: async function* (those) {
        for await (const one of those) yield { key: one, error: busy }
      },
    })
    storage = decorate(alwaysBusy, { clock, random: seededRandom(1) })

    const results = await clock.passUntil(Array.fromAsync(storage.deleteMany(keys.slice(0, 2))))
    expect(results).toEqual(keys.slice(0, 2).map((one) => ({ key: one, error: busy })))
  })
})
