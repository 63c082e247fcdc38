import { FaultyStorage, MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test, vi } from 'vitest'
import { collect } from '../../test/segments.ts'
import { topicKeys } from '../layout/keys.ts'
import { Worker } from '../writing/worker.ts'
import { breakLease, listLeases, readHolder } from './list-leases.ts'

function world() {
  const clock = new TestClock()
  const storage = MemoryStorage.open({ clock })
  const worker = (description: string) =>
    Worker.start({ storage, clock, random: seededRandom(description.length), description })
  return { storage, clock, worker }
}

describe('listing and breaking leases', () => {
  test('a lease is listed with its holder, and is gone after its release', async () => {
    const { storage, worker } = world()
    const holder = await worker('a')
    await holder.acquire('orders', { cluster: 'c' })

    expect(await collect(listLeases(storage))).toEqual([
      expect.objectContaining({ topic: 'orders', holder: 'a' }),
    ])
    expect(await readHolder(storage, 'orders')).toMatchObject({ holder: 'a' })
    await holder[Symbol.asyncDispose]()
    expect(await readHolder(storage, 'orders')).toBeUndefined()
  })

  test('a broken lease is free at once, and its holder can commit nothing any more', async () => {
    const { storage, worker } = world()
    const asleep = await (await worker('asleep')).acquire('orders', { cluster: 'c' })
    await expect((await worker('other')).acquire('orders', { cluster: 'c' })).rejects.toMatchObject(
      {
        code: 'LEASE_HELD',
      },
    )

    expect(await breakLease(storage, 'orders')).toMatchObject({ holder: 'asleep' })
    await (await worker('next one')).acquire('orders', { cluster: 'c' })
    const incarnation = { topicId: 't', partitions: 1, start: {}, config: {}, effective: {} }
    await expect(asleep.beginIncarnation(incarnation)).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  test('a lease that is free, or that another worker took meanwhile, is not broken', async () => {
    const { storage, clock, worker } = world()
    expect(await breakLease(storage, 'orders')).toBeUndefined()

    await (await worker('a')).acquire('orders', { cluster: 'c' })
    const slow = new FaultyStorage(storage.anotherHandle(), { clock })
    slow.faults.onCall(({ operation }) =>
      operation === 'delete' ? { kind: 'delay', milliseconds: 1000 } : undefined,
    )
    const breaking = breakLease(slow, 'orders')
    await vi.waitUntil(() => slow.faults.calls.some(({ operation }) => operation === 'delete'))
    await storage.delete(topicKeys('orders').lease)
    await (await worker('faster')).acquire('orders', { cluster: 'c' })
    await clock.pass(1000)

    expect(await breaking).toBeUndefined()
    expect(await readHolder(storage, 'orders')).toMatchObject({ holder: 'faster' })
  })

  test('a folder that cannot be looked into is reported, and the other leases are listed', async () => {
    const { storage, clock, worker } = world()
    const holder = await worker('a')
    await holder.acquire('orders', { cluster: 'c' })
    await holder.acquire('private', { cluster: 'c' })
    const faulty = new FaultyStorage(storage.anotherHandle(), { clock })
    faulty.faults.onCall(({ key }) => (key.startsWith('private/') ? { kind: 'deny' } : undefined))
    const unreadable: unknown[] = []

    const held = await collect(
      listLeases(faulty, (topic, { code }) => unreadable.push([topic, code])),
    )

    expect(held).toEqual([expect.objectContaining({ topic: 'orders' })])
    expect(unreadable).toEqual([['private', 'STORAGE_DENIED']])
  })
})
