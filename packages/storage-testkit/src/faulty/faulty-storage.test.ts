import { keyPrefix, objectKey } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { beforeEach, describe, expect, test } from 'vitest'
import { MemoryStorage } from '../memory/memory-storage.ts'
import { seededRandom } from '../world/seeded-random.ts'
import { TestClock } from '../world/test-clock.ts'
import { atCall, seededFaults } from './fault-plan.ts'
import { FaultyStorage } from './faulty-storage.ts'

const key = objectKey('orders/index')
const ifAbsent = { condition: { kind: 'if-absent' } } as const
const overwrite = { condition: { kind: 'overwrite' } } as const

let clock: TestClock
let world: MemoryStorage
let storage: FaultyStorage

beforeEach(() => {
  clock = new TestClock()
  world = MemoryStorage.open({ clock })
  storage = new FaultyStorage(world, { clock })
})

const text = async (): Promise<string | undefined> => {
  const found = await readObject(world, key)
  return found && Buffer.from(found.bytes).toString()
}
const bytes = (content: string): Uint8Array => Buffer.from(content)

describe('a call with a planned fault', () => {
  test('fails before it arrives', async () => {
    storage.faults.onCall(atCall({ operation: 'put' }, { kind: 'fail' }))

    await expect(storage.put(key, bytes('a'), ifAbsent)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      retry: 'same-request',
    })
    expect(await text()).toBeUndefined()
    await storage.put(key, bytes('b'), ifAbsent)
  })

  test('is applied, but its answer is lost', async () => {
    storage.faults.onCall(atCall({ operation: 'put' }, { kind: 'lose-answer' }))

    await expect(storage.put(key, bytes('a'), ifAbsent)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
    expect(await text()).toBe('a')
  })

  test('arrives after the write of another client', async () => {
    storage.faults.onCall(atCall({ operation: 'put' }, { kind: 'delay', milliseconds: 1000 }))
    const delayed = storage.put(key, bytes('late'), ifAbsent)
    delayed.catch(() => undefined)
    await world.put(key, bytes('first'), ifAbsent)

    await clock.pass(1000)
    await expect(delayed).rejects.toMatchObject({ code: 'STORAGE_ALREADY_EXISTS' })
    expect(await text()).toBe('first')
  })

  test('arrives although the caller got an error, with the bytes of that moment', async () => {
    storage.faults.onCall(atCall({ operation: 'put' }, { kind: 'arrive-late', milliseconds: 1000 }))
    const body = bytes('ghost')

    await expect(storage.put(key, body, ifAbsent)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
    body.fill(0)
    expect(await text()).toBeUndefined()
    await clock.pass(1000)
    expect(await text()).toBe('ghost')
  })

  test('is applied at once and answered late', async () => {
    storage.faults.onCall(atCall({ operation: 'put' }, { kind: 'answer-late', milliseconds: 50 }))
    const written = storage.put(key, bytes('a'), ifAbsent)

    await clock.pass(49)
    expect(await text()).toBe('a')
    await clock.pass(1)
    await written
  })

  test.each([
    { answer: 'first', outcome: 'stored' },
    { answer: 'second', outcome: 'STORAGE_ALREADY_EXISTS' },
  ] as const)('arrives twice and is answered by the $answer: $outcome', async (given) => {
    const { answer, outcome } = given
    storage.faults.onCall(atCall({ operation: 'put' }, { kind: 'repeat', answer }))

    const answered = await storage.put(key, bytes('a'), ifAbsent).then(
      () => 'stored',
      (error) => error.code,
    )
    expect(answered).toBe(outcome)
    expect(await text()).toBe('a')
  })

  test.each([true, false])(
    'never answers (applied: %s) until the caller gives up',
    async (applied) => {
      storage.faults.onCall(atCall({ operation: 'put' }, { kind: 'hang', applied }))
      const controller = new AbortController()
      const { signal } = controller
      const written = storage.put(key, bytes('a'), { ...ifAbsent, signal })
      written.catch(() => undefined)
      await clock.pass(86_400_000)
      expect(await text()).toBe(applied ? 'a' : undefined)

      controller.abort(new Error('enough'))
      await expect(written).rejects.toThrow('enough')
    },
  )

  test('is throttled, or denied', async () => {
    await world.put(key, bytes('a'), ifAbsent)
    storage.faults.onCall(atCall({ operation: 'head' }, { kind: 'throttle', retryAfterMs: 700 }))
    storage.faults.onCall(({ operation }) =>
      operation.startsWith('delete') ? { kind: 'deny' } : undefined,
    )

    await expect(storage.head(key)).rejects.toMatchObject({
      code: 'STORAGE_THROTTLED',
      facts: { retryAfterMs: 700 },
    })
    await expect(storage.delete(key)).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
    expect(await Array.fromAsync(storage.deleteMany([key]))).toMatchObject([
      { key, error: { code: 'STORAGE_DENIED' } },
    ])
    expect(await text()).toBe('a')
  })

  test.each(['error', 'silent'] as const)('reads only a part of a body (end: %s)', async (end) => {
    await world.put(key, bytes('0123456789'), ifAbsent)
    storage.faults.onCall(atCall({ operation: 'get' }, { kind: 'truncate', after: 4, end }))

    await using reader = await storage.get(key)
    let read = ''
    const reading = (async () => {
      for await (const chunk of reader.body) read += Buffer.from(chunk).toString()
    })()
    if (end === 'error') await expect(reading).rejects.toMatchObject({ retry: 'same-request' })
    else await reading
    expect(read).toBe('0123')
  })

  test('has the fault only at the planned position among the calls of its key', async () => {
    storage.faults.onCall(atCall({ operation: 'put', key, nth: 2 }, { kind: 'deny' }))

    await storage.put(objectKey('other'), bytes('a'), overwrite)
    await storage.put(key, bytes('a'), overwrite)
    await expect(storage.put(key, bytes('a'), overwrite)).rejects.toMatchObject({
      code: 'STORAGE_DENIED',
    })
    await storage.put(key, bytes('a'), overwrite)
    expect(storage.faults.calls.map((call) => call.nth)).toEqual([1, 2, 3, 4])
  })
})

describe('a writer with a planned fault', () => {
  test('a commit that arrives late is not undone by disposal', async () => {
    storage.faults.onCall(
      atCall({ operation: 'commit' }, { kind: 'arrive-late', milliseconds: 10 }),
    )
    {
      await using writer = await storage.openWriter(key, ifAbsent)
      await writer.write(bytes('a'))
      await expect(writer.commit()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    }
    await clock.pass(10)
    expect(await text()).toBe('a')
  })
})

describe('random faults', () => {
  test('the same seed gives the same faults, and another seed gives others', async () => {
    const play = async (seed: number): Promise<string[]> => {
      const playClock = new TestClock()
      const played = new FaultyStorage(MemoryStorage.open({ clock: playClock }), {
        clock: playClock,
      })
      played.faults.onCall(
        seededFaults(seededRandom(seed), { probability: 0.5, longestDelayMs: 1000 }),
      )
      const story: string[] = []
      const record = async (name: string, call: () => Promise<unknown>): Promise<void> => {
        const outcome = await playClock.passUntil(call()).then(
          () => 'ok',
          (error) => error.code,
        )
        story.push(`${playClock.monotonic()} ${name} ${outcome}`)
      }
      for (let round = 0; round < 30; round++) {
        await record('put', () => played.put(key, bytes(`${round}`), overwrite))
        await record('get', () => readObject(played, key))
        await record('list', () => Array.fromAsync(played.list(keyPrefix(''), { depth: 'all' })))
        await record('delete', () => played.delete(key))
      }
      return story
    }

    const story = await play(3)
    expect(await play(3)).toEqual(story)
    expect(await play(4)).not.toEqual(story)
    const codes = ['STORAGE_UNAVAILABLE', 'STORAGE_THROTTLED', 'STORAGE_DENIED', 'ok']
    for (const code of codes) expect(story.join('\n')).toContain(code)
  })
})
