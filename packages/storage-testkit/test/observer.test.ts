import { keyPrefix, objectKey, type StorageBackend } from '@kannery/storage'
import { decorate, readObject, type StorageAttempt } from '@kannery/storage/client'
import { beforeEach, describe, expect, test } from 'vitest'
import { atCall, FaultyStorage, MemoryStorage, seededRandom, TestClock } from '../src/index.ts'

const ifAbsent = { condition: { kind: 'if-absent' } } as const
const key = objectKey('orders/a.kan')

let clock: TestClock
let faulty: FaultyStorage
let storage: StorageBackend
let attempts: StorageAttempt[]

beforeEach(() => {
  clock = new TestClock()
  faulty = new FaultyStorage(MemoryStorage.open({ clock }), { clock })
  attempts = []
  storage = decorate(faulty, {
    clock,
    random: seededRandom(1),
    observer: { onAttempt: (attempt) => attempts.push(attempt) },
  })
})

describe('an observer of attempts', () => {
  test('each attempt is reported, with its bytes, its time and its error', async () => {
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'throttle' }))
    faulty.faults.onCall(atCall({ operation: 'put' }, { kind: 'answer-late', milliseconds: 30 }))
    await clock.passUntil(storage.put(key, Buffer.from('12345'), ifAbsent))

    const [first, second] = attempts
    const put = { operation: 'put', key, requestBytes: 5, responseBytes: 0 }
    expect(first).toEqual({ ...put, durationMs: 0, error: 'STORAGE_THROTTLED' })
    expect(second).toEqual({ ...put, durationMs: 30 })
  })

  test('a get is reported when its body has ended, without the time that its reader took', async () => {
    await storage.put(key, new Uint8Array(100_000), ifAbsent)
    attempts.length = 0
    {
      await using reader = await storage.get(key)
      for await (const chunk of reader.body) await clock.pass(chunk.byteLength)
    }

    expect(attempts).toEqual([
      { operation: 'get', key, requestBytes: 0, responseBytes: 100_000, durationMs: 0 },
    ])
  })

  test('a get that is left early is reported, too', async () => {
    await storage.put(key, new Uint8Array(100_000), ifAbsent)
    attempts.length = 0
    {
      await using reader = await storage.get(key)
      expect(reader.info.size).toBe(100_000)
    }
    expect(attempts).toMatchObject([{ operation: 'get', responseBytes: 0 }])
  })

  test('streamed bytes count once: in their parts, else in the commit', async () => {
    await using writer = await storage.openWriter(key, ifAbsent)
    await writer.write(new Uint8Array(10))
    await writer.write(new Uint8Array(20))
    await writer.commit()
    await readObject(storage, key)
    await Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))
    await Array.fromAsync(storage.deleteMany([key]))

    expect(attempts).toMatchObject([
      { operation: 'openWriter', requestBytes: 0 },
      { operation: 'commit', requestBytes: 30 },
      { operation: 'get', responseBytes: 30 },
      { operation: 'list', key: '' },
      { operation: 'deleteMany', key: '' },
    ])
  })
})
