import { objectKey } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { captured, cluster, days, incarnation, minutes, World } from '../../test/fixtures.ts'
import { collect } from '../../test/segments.ts'
import { deletePruned } from '../clean-up/delete-pruned.ts'
import { segmentEntries } from '../index-file/pages/pages.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { UlidSource } from '../ulid/ulid.ts'
import type { WriterSession } from '../writing/writer-session.ts'
import { markExpired, takeBackExpired } from './prune.ts'
import { parseRetention } from './retention.ts'

const keys = topicKeys('orders')

/**
 * A backup with a retention of 30 days, of `count` segments that lie in the storage, and of which
 * the lease is free.
 */
async function backup(world: World, count = 2, policy = 'delete'): Promise<void> {
  await using worker = await world.worker('a', { retention: parseRetention('30d') })
  await using session = await worker.acquire('orders', { cluster })
  await session.beginIncarnation({ ...incarnation(1), config: { 'cleanup.policy': policy } })
  for (let at = 0; at < count; at++) await store(world, session, at)
}

async function store(world: World, session: WriterSession, at: number): Promise<void> {
  const { segment } = captured(session, { 0: [at, at + 1] })
  await world.memory.put(keys.segment(segment.id), Buffer.from('records'), {
    condition: { kind: 'if-absent' },
  })
  await session.commit({ segment })
}

function pruning(world: World) {
  const ids = new UlidSource({ clock: world.clock, random: world.random.fork() })
  return { storage: world.storage('pruner'), clock: world.clock, ids }
}

/** Deletes what is due, as a prune does while no backup runs. Returns the number of segments. */
async function sweep(world: World): Promise<number> {
  await using worker = await world.worker('pruner')
  await using session = await worker.acquire('orders', { cluster })
  return (await deletePruned(session, pruning(world))).segments.length
}

async function states(world: World): Promise<string[]> {
  const stored = await readIndex(world.memory, 'orders')
  if (stored === undefined) return []
  const entries = await collect(segmentEntries(world.memory, stored.index))
  return entries.map(({ state }) => state ?? 'kept')
}

function segmentsThere(world: World): number {
  return [...world.memory.contents().keys()].filter((key) => key.endsWith('.kan')).length
}

describe('pruning a topic', () => {
  test('segments older than the retention are marked, and deleted a day later, and their entries stay', async () => {
    const world = new World()
    await backup(world)
    await world.pass(days(29))
    expect(await markExpired('orders', pruning(world))).toEqual([])
    await world.pass(days(1))
    expect(await markExpired('orders', pruning(world))).toHaveLength(2)
    expect(await states(world)).toEqual(['expired', 'expired'])

    await world.pass(days(1) - minutes(1))
    expect(await sweep(world)).toBe(0)
    expect(segmentsThere(world)).toBe(2)

    await world.pass(minutes(1))
    expect(await sweep(world)).toBe(2)
    expect(await states(world)).toEqual(['deleted', 'deleted'])
    expect(segmentsThere(world)).toBe(0)
    expect(await world.next()).toEqual({ 0: 2 })
  })

  test('segments that a late prune marks are kept for the whole grace', async () => {
    const world = new World()
    await backup(world)
    await world.pass(days(300))
    await markExpired('orders', pruning(world))
    expect(await sweep(world)).toBe(0)
  })

  test('marks are taken back until shortly before the grace ends, and such segments never expire again', async () => {
    const world = new World()
    await backup(world)
    await world.pass(days(30))
    await markExpired('orders', pruning(world))
    await world.pass(days(1) - minutes(6))

    expect((await takeBackExpired('orders', pruning(world))).restored).toHaveLength(2)
    await world.pass(days(400))
    expect(await markExpired('orders', pruning(world))).toEqual([])
    expect(await sweep(world)).toBe(0)
    expect(await states(world)).toEqual(['kept', 'kept'])
  })

  test('marks are not taken back once the grace, less the slack, has ended', async () => {
    const world = new World()
    await backup(world)
    await world.pass(days(30))
    await markExpired('orders', pruning(world))
    await world.pass(days(1) - minutes(5))

    const taken = await takeBackExpired('orders', pruning(world))
    expect([taken.restored.length, taken.tooLate.length]).toEqual([0, 2])
    expect(await states(world)).toEqual(['expired', 'expired'])
  })

  test('a hold prevents marks, and the deletion of segments that were marked before it', async () => {
    const world = new World()
    await backup(world)
    await world.hold('audit')
    await world.pass(days(31))
    expect(await markExpired('orders', pruning(world))).toEqual([])

    const other = new World()
    await backup(other)
    await other.pass(days(30))
    await markExpired('orders', pruning(other))
    await other.hold('audit')
    await other.pass(days(2))
    expect(await sweep(other)).toBe(0)
    expect(segmentsThere(other)).toBe(2)
  })

  test.each(['compact', 'compact,delete'])(
    'segments of a topic with cleanup.policy %s do not expire',
    async (policy) => {
      const world = new World()
      await backup(world, 2, policy)
      await world.pass(days(400))
      expect(await markExpired('orders', pruning(world))).toEqual([])
    },
  )

  test('entries in pages are marked and deleted too, and so are the pages that were replaced', async () => {
    const world = new World()
    await backup(world, 300)
    await world.pass(days(30))
    expect(await markExpired('orders', pruning(world))).toHaveLength(300)
    await world.pass(days(1))
    expect(await sweep(world)).toBe(300)
    expect(new Set(await states(world))).toEqual(new Set(['deleted']))

    await world.pass(days(1))
    await sweep(world)
    const stored = await readIndex(world.memory, 'orders')
    expect(stored?.index.garbage).toEqual([])
    const pages = world.keys().filter((key) => key.endsWith('.page'))
    expect(pages).toEqual(stored?.index.pages.map(({ id }) => keys.page(id)))
  })

  test('a running backup keeps its epoch and continues when segments are marked', async () => {
    const world = new World()
    await backup(world)
    await world.pass(days(30))
    const running = await world.writer('b')
    await markExpired('orders', pruning(world))
    await running.commit(captured(running, { 0: [2, 3] }))
    expect(await states(world)).toEqual(['expired', 'expired', 'kept'])
  })

  test('a writer that lost the lease deletes nothing', async () => {
    const world = new World()
    await backup(world)
    await world.pass(days(30))
    await markExpired('orders', pruning(world))
    await world.pass(days(1))
    const sleeper = await world.writer('sleeper')
    await world.remove('orders/__lease')
    await world.writer('successor')

    await expect(deletePruned(sleeper, pruning(world))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
    expect(segmentsThere(world)).toBe(2)
  })

  test('a prune leaves the epoch of the last commit, by which leftovers are adopted, unchanged', async () => {
    const world = new World()
    await backup(world)
    const before = (await readIndex(world.memory, 'orders'))?.index.committed
    await world.pass(days(30))
    await markExpired('orders', pruning(world))
    await world.pass(days(1))
    await sweep(world)
    expect((await readIndex(world.memory, 'orders'))?.index.committed).toBe(before)
  })

  test('a mark is not taken back when the index has changed since the mark was read', async () => {
    const world = new World()
    await backup(world)
    await world.pass(days(30))
    await markExpired('orders', pruning(world))
    await world.pass(days(1) - minutes(6))
    let delayed = false
    const slow = new Proxy(world.storage('slow'), {
      get(target, property) {
        const value = Reflect.get(target, property, target) as unknown
        if (property !== 'put') return typeof value === 'function' ? value.bind(target) : value
        return async (...request: Parameters<typeof target.put>) => {
          if (request[0] === objectKey('orders/index') && !delayed) {
            delayed = true
            await world.pass(minutes(6))
            expect(await sweep(world)).toBe(2)
          }
          return await target.put(...request)
        }
      },
    })

    const taken = await takeBackExpired('orders', { ...pruning(world), storage: slow })
    expect(taken.restored).toEqual([])
    expect(await states(world)).toEqual(['deleted', 'deleted'])
  })
})
