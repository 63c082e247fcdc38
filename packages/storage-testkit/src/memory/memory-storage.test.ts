import { objectKey } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { TestClock } from '../world/test-clock.ts'
import { MemoryStorage } from './memory-storage.ts'

const key = objectKey('orders/index')
const ifAbsent = { condition: { kind: 'if-absent' } } as const
const body = Buffer.from('x')

describe('the storage in memory', () => {
  test('several handles are clients of one storage', async () => {
    const first = MemoryStorage.open({ clock: new TestClock() })
    const second = first.anotherHandle()
    await first.put(key, body, ifAbsent)

    await expect(second.put(key, body, ifAbsent)).rejects.toMatchObject({
      code: 'STORAGE_ALREADY_EXISTS',
    })
    expect([...second.contents()]).toEqual([[key, Uint8Array.from(body)]])
  })

  test('times are those of its own clock, as exact as asked for', async () => {
    const clock = new TestClock(10_500)
    const exact = MemoryStorage.open({ clock })
    const coarse = MemoryStorage.open({ clock, lastModifiedStepMs: 1000, reportsTime: true })
    await exact.put(key, body, ifAbsent)
    await coarse.put(key, body, ifAbsent)
    await clock.pass(2700)

    expect(await exact.head(key)).toMatchObject({ lastModified: new Date(10_500) })
    expect(await exact.head(key)).not.toHaveProperty('answeredAt')
    expect(await coarse.head(key)).toMatchObject({
      lastModified: new Date(10_000),
      answeredAt: new Date(13_000),
    })
  })

  test('a version is never used again', async () => {
    const storage = MemoryStorage.open({ clock: new TestClock() })
    const first = await storage.put(key, body, ifAbsent)
    await storage.delete(key)
    const second = await storage.put(key, body, ifAbsent)

    expect(second.version).not.toBe(first.version)
  })
})
