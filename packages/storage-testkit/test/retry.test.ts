// The decorators of @kannery/storage. They are tested here because that package depends on nothing, also not on this one.

import type { RetryPolicy, StorageBackend } from '@kannery/storage'
import { decorate, KanneryError, keyPrefix, objectKey, readObject } from '@kannery/storage'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  atCall,
  type Fault,
  FaultyStorage,
  MemoryStorage,
  seededFaults,
  seededRandom,
  TestClock,
} from '../src/index.ts'
import { alter } from './alter.ts'

const key = objectKey('orders/index')
const ifAbsent = { condition: { kind: 'if-absent' } } as const
const again = { retry: 'same-request' } as const
const bytes = (content: string): Uint8Array => Buffer.from(content)

let clock: TestClock
let world: MemoryStorage
let faulty: FaultyStorage
let storage: StorageBackend

const decorated = (retry: Partial<RetryPolicy> = {}): StorageBackend =>
  decorate(faulty, { clock, random: seededRandom(1), retry })

beforeEach(() => {
  clock = new TestClock()
  world = MemoryStorage.open({ clock })
  faulty = new FaultyStorage(world, { clock })
  storage = decorated()
})

const contentOf = async (): Promise<string | undefined> => {
  const found = await readObject(world, key)
  return found && Buffer.from(found.bytes).toString()
}
const countOf = (operation: string): number =>
  faulty.faults.calls.filter((call) => call.operation === operation).length

describe('what may be repeated', () => {
  test('is repeated until it succeeds', async () => {
    await world.put(key, bytes('a'), ifAbsent)
    faulty.faults.onCall(({ nth }) => (nth <= 3 ? { kind: 'fail' } : undefined))

    expect(await clock.passUntil(storage.head(key))).toMatchObject({ size: 1 })
    expect(countOf('head')).toBe(4)
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

  test('is not begun again when the store asks for more time than there is', async () => {
    faulty.faults.onCall(() => ({ kind: 'throttle', retryAfterMs: 3_600_000 }))

    await expect(clock.passUntil(storage.head(key))).rejects.toMatchObject({
      code: 'STORAGE_THROTTLED',
    })
    expect(clock.monotonic()).toBe(0)
    expect(countOf('head')).toBe(1)
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

test('what failed for good is not repeated', async () => {
  faulty.faults.onCall(atCall({ operation: 'head' }, { kind: 'deny' }))

  await expect(storage.head(key)).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
  expect(countOf('head')).toBe(1)
})

describe('a put whose answer was lost (rule U)', () => {
  test('is recognised as our own, not reported as a defeat', async () => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))

    const stored = await clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))
    expect(stored).toEqual(await world.head(key))
    expect(countOf('put')).toBe(2)
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
    expect(await contentOf()).toBe('mine')
  })

  test.each(['theirs!', 'them'])('is a defeat when another one (%j) was faster', async (other) => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'fail' }))
    await world.put(key, bytes(other), ifAbsent)

    await expect(clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))).rejects.toMatchObject({
      code: 'STORAGE_ALREADY_EXISTS',
    })
    expect(await contentOf()).toBe(other)
  })

  test('is a defeat at once when the very first answer says so, whatever the bytes', async () => {
    await world.put(key, bytes('same'), ifAbsent)

    await expect(storage.put(key, bytes('same'), ifAbsent)).rejects.toMatchObject({
      code: 'STORAGE_ALREADY_EXISTS',
    })
    expect(countOf('get')).toBe(0)
  })

  test('has an unknown outcome past the deadline, and nothing is deleted', async () => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))
    faulty.faults.onCall(({ operation }) => (operation === 'put' ? { kind: 'fail' } : undefined))

    await expect(clock.passUntil(storage.put(key, bytes('mine'), ifAbsent))).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
      facts: { key, operation: 'put' },
    })
    expect(await contentOf()).toBe('mine')
    expect(countOf('delete')).toBe(0)
  })

  test.each<{ readonly name: string; readonly second: Fault }>([
    { name: 'denied', second: { kind: 'deny' } },
    {
      name: 'denied for good',
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
  ])('is known not to be stored when it never left: $code', async (error) => {
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
  test('succeeds when nothing is there any more', async () => {
    const { version } = await world.put(key, bytes('a'), ifAbsent)
    faulty.faults.onCall(atCall({ operation: 'delete' }, { kind: 'lose-answer' }))

    await clock.passUntil(storage.delete(key, { ifVersion: version }))
    expect(await contentOf()).toBeUndefined()
  })

  test('never touches what came after', async () => {
    const { version } = await world.put(key, bytes('a'), ifAbsent)
    faulty.faults.onCall(atCall({ operation: 'delete' }, { kind: 'lose-answer' }))
    const deletion = storage.delete(key, { ifVersion: version })
    deletion.catch(() => undefined)
    await clock.pass(0)
    await world.put(key, bytes('successor'), ifAbsent)

    await expect(clock.passUntil(deletion)).rejects.toMatchObject({
      code: 'STORAGE_PRECONDITION_FAILED',
    })
    expect(await contentOf()).toBe('successor')
  })

  test('is refused where a probe has shown that the condition is ignored', async () => {
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
    expect(await contentOf()).toBe('a')
  })
})

describe('a streamed object', () => {
  const written = async (): Promise<unknown> => {
    await using writer = await storage.openWriter(key, ifAbsent)
    await writer.write(bytes('of two '))
    await writer.write(bytes('pieces'))
    return await writer.commit()
  }

  test('is recognised after a commit whose answer was lost', async () => {
    faulty.faults.onCall(atCall({ operation: 'commit' }, { kind: 'lose-answer' }))

    expect(await clock.passUntil(written())).toEqual(await world.head(key))
    expect(await contentOf()).toBe('of two pieces')
  })

  test('has an unknown outcome when nothing is there (it may still come)', async () => {
    faulty.faults.onCall(
      atCall({ operation: 'commit' }, { kind: 'arrive-late', milliseconds: 3_600_000 }),
    )

    await expect(clock.passUntil(written())).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
    })
  })

  test.each([true, false])(
    'is looked for when its commit is never answered (stored: %s)',
    async (applied) => {
      faulty.faults.onCall(atCall({ operation: 'commit' }, { kind: 'hang', applied }))
      const outcome = clock.passUntil(written())

      if (applied) expect(await outcome).toEqual(await world.head(key))
      else await expect(outcome).rejects.toMatchObject({ code: 'STORAGE_OUTCOME_UNKNOWN' })
      expect(clock.monotonic()).toBeGreaterThanOrEqual(60_000)
      expect(clock.monotonic()).toBeLessThan(61_000)
    },
  )

  test('has the request that commits it stopped when nobody waits for it any more', async () => {
    let asked: AbortSignal | undefined
    const silent = alter(world, {
      openWriter: async (_name, { signal }) => {
        asked = signal
        return {
          write: async () => undefined,
          commit: () => new Promise(() => undefined),
          [Symbol.asyncDispose]: () => new Promise(() => undefined),
        }
      },
    })
    storage = decorate(silent, { clock, random: seededRandom(1) })

    await expect(clock.passUntil(written())).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
    })
    expect(asked?.aborted).toBe(true)
  })

  test('may take long to commit, as long as its parts arrive', async () => {
    const slow = alter(world, {
      openWriter: async (name, options) => {
        const writer = await world.openWriter(name, options)
        const send = options.sendPart ?? (async (_bytes, direct) => await direct())
        return {
          write: (chunk) => writer.write(chunk),
          commit: async () => {
            for (let part = 0; part < 10; part++) await send(1, () => clock.sleep(20_000))
            return await writer.commit()
          },
          [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
        }
      },
    })
    storage = decorate(slow, { clock, random: seededRandom(1) })

    await clock.passUntil(written())
    expect(await contentOf()).toBe('of two pieces')
  })

  test('that is given up is not waited for when giving it back takes too long', async () => {
    const silent = alter(world, {
      openWriter: async () => ({
        write: async () => undefined,
        commit: () => Promise.reject(new Error('not asked for')),
        [Symbol.asyncDispose]: () => new Promise(() => undefined),
      }),
    })
    storage = decorate(silent, { clock, random: seededRandom(1) })
    const writer = await storage.openWriter(key, ifAbsent)

    await clock.passUntil(writer[Symbol.asyncDispose]())
    expect(clock.monotonic()).toBe(25_000)
  })

  test.each(['of other pieces', 'of two_pieces!'])('is not taken for %j', async (other) => {
    faulty.faults.onCall(atCall({ operation: 'commit' }, { kind: 'fail' }))
    await world.put(key, bytes(other), ifAbsent)

    await expect(clock.passUntil(written())).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
    })
  })

  test('has to be written again when the store was too busy to commit', async () => {
    faulty.faults.onCall(atCall({ operation: 'commit' }, { kind: 'throttle' }))

    await expect(clock.passUntil(written())).rejects.toMatchObject({
      code: 'STORAGE_REWRITE_NEEDED',
    })
    expect(await contentOf()).toBeUndefined()
  })

  test('sends a failed part again', async () => {
    let parts = 0
    const inParts = alter(world, {
      openWriter: async (name, options) => {
        const writer = await world.openWriter(name, options)
        const send = options.sendPart ?? (async (_bytes, direct) => await direct())
        return {
          write: async (chunk) => {
            await send(chunk.byteLength, async () => {
              parts++
              if (parts < 3) throw new KanneryError('STORAGE_UNAVAILABLE', '', again)
              await writer.write(chunk)
            })
          },
          commit: () => writer.commit(),
          [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
        }
      },
    })
    storage = decorate(inParts, { clock, random: seededRandom(1) })

    await clock.passUntil(written())
    expect(await contentOf()).toBe('of two pieces')
    expect(parts).toBe(4)
  })
})

describe('a body that breaks', () => {
  const content = seededRandom(5).bytes(500_000)

  const read = async (options: Parameters<StorageBackend['get']>[1] = {}): Promise<Buffer> => {
    const found = await readObject(storage, key, options)
    return Buffer.from(found?.bytes ?? [])
  }

  beforeEach(async () => {
    await world.put(key, content, ifAbsent)
  })

  test.each(['error', 'silent'] as const)('goes on where it broke (%s)', async (end) => {
    for (const after of [100_000, 0, 1, 200_000]) {
      faulty.faults.onCall(atCall({ operation: 'get' }, { kind: 'truncate', after, end }))
    }

    expect(Buffer.compare(await clock.passUntil(read()), content)).toBe(0)
    expect(countOf('get')).toBe(5)
  })

  test.each([
    { range: { kind: 'span', start: 1000, end: 400_000 }, expected: content.slice(1000, 400_000) },
    { range: { kind: 'from', start: 1000 }, expected: content.slice(1000) },
    { range: { kind: 'last', length: 400_000 }, expected: content.slice(-400_000) },
    { range: { kind: 'last', length: 600_000 }, expected: content },
  ] as const)('goes on within $range', async ({ range, expected }) => {
    faulty.faults.onCall(
      atCall({ operation: 'get' }, { kind: 'truncate', after: 100_000, end: 'error' }),
    )

    expect(Buffer.compare(await clock.passUntil(read({ range })), expected)).toBe(0)
  })

  test('is complete when it breaks after the last byte', async () => {
    faulty.faults.onCall(
      atCall({ operation: 'get' }, { kind: 'truncate', after: content.length, end: 'error' }),
    )

    expect(Buffer.compare(await clock.passUntil(read()), content)).toBe(0)
    expect(countOf('get')).toBe(1)
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

  test('is given up when nothing more comes, but never while it advances', async () => {
    storage = decorated({ deadlineMs: 5000 })
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

  test('is left when the reader is', async () => {
    await using reader = await storage.get(key)
    for await (const chunk of reader.body) {
      expect(chunk.byteLength).toBeGreaterThan(0)
      break
    }
    expect(countOf('get')).toBe(1)
  })
})

describe('a listing that breaks', () => {
  const names = Array.from({ length: 50 }, (_, index) => `t${String(index).padStart(2, '0')}`)

  test.each([true, false])('tells each entry once (in order: %s)', async (orderedList) => {
    world = MemoryStorage.open({ clock, capabilities: { orderedList } })
    faulty = new FaultyStorage(world, { clock })
    storage = decorated()
    for (const name of names) {
      await world.put(objectKey(`${name}/index`), bytes(name), ifAbsent)
      await world.put(objectKey(`${name}-file`), bytes(name), ifAbsent)
    }
    for (const after of [3, 10, 0, 47]) {
      faulty.faults.onCall(atCall({ operation: 'list' }, { kind: 'truncate', after, end: 'error' }))
    }

    const told: string[] = []
    const listing = (async () => {
      for await (const entry of storage.list(keyPrefix(''), { depth: 'children' })) {
        told.push(entry.kind === 'object' ? entry.info.key : entry.prefix)
      }
    })()
    await clock.passUntil(listing)
    const expected = names.flatMap((name) => [`${name}-file`, `${name}/`])
    expect(orderedList ? told : told.toSorted()).toEqual(expected)
    expect(countOf('list')).toBe(5)
  })
})

describe('deletions that fail', () => {
  const keys = Array.from({ length: 2500 }, (_, index) => objectKey(`t/${index}`))

  test('are tried again, and each key is told once', async () => {
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
    expect(await contentOf()).toBeUndefined()
  })

  test('may take long, as long as one after the other is done', async () => {
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

  test('are told key by key when they fail for good', async () => {
    faulty.faults.onCall(({ nth }) => (nth === 1 ? { kind: 'deny' } : undefined))

    const results = await clock.passUntil(Array.fromAsync(storage.deleteMany(keys.slice(0, 3))))
    expect(results).toMatchObject(
      keys.slice(0, 3).map(() => ({ error: { code: 'STORAGE_DENIED' } })),
    )
    expect(countOf('deleteMany')).toBe(1)
  })

  test('are told key by key when they keep failing until the deadline', async () => {
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
