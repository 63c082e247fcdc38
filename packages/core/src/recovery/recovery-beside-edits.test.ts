import type { Fault, StorageCall } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { captured, cluster, days, incarnation, seconds, World } from '../../test/fixtures.ts'
import { collect } from '../../test/segments.ts'
import { deletePruned } from '../clean-up/delete-pruned.ts'
import { editIndex } from '../index-file/edit-index.ts'
import type { GarbageEntry, Index } from '../index-file/format/model.ts'
import { segmentEntries } from '../index-file/pages/pages.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { markExpired, type PruneOptions } from '../retention/prune.ts'
import { parseRetention } from '../retention/retention.ts'
import { UlidSource } from '../ulid/ulid.ts'
import type { RecoverySource } from './adoption.ts'

const keys = topicKeys('orders')
const servesAll: RecoverySource = {
  topicId: 'topic-id',
  canServe: async () => true,
  agrees: async () => true,
}

/** A backup of 300 segments, the oldest of which are in a page; all of them have expired. */
async function agedBackup(): Promise<World> {
  const world = new World()
  const worker = await world.worker('a', { retention: parseRetention('30d') })
  const session = await worker.acquire('orders', { cluster })
  await session.beginIncarnation(incarnation(1))
  for (let at = 0; at < 300; at++) {
    const { segment } = captured(session, { 0: [at, at + 1] })
    await world.replace(keys.segment(segment.id), 'records')
    await session.commit({ segment })
  }
  await session.release()
  await world.pass(days(31))
  return world
}

function pruning(world: World, name: string): PruneOptions {
  const ids = new UlidSource({ clock: world.clock, random: world.random.fork() })
  return { storage: world.storage(name), clock: world.clock, ids }
}

const slowIndex =
  (milliseconds: number) =>
  ({ operation, key }: StorageCall): Fault | undefined =>
    operation === 'put' && key === keys.index ? { kind: 'delay', milliseconds } : undefined

async function presentIndex(world: World): Promise<Index> {
  const stored = await readIndex(world.memory, 'orders')
  if (stored === undefined) throw new Error('there is no index')
  return stored.index
}

describe('a recovery beside a prune', () => {
  test('a page that a prune wrote while a recovery looked is not called garbage', async () => {
    const world = await agedBackup()
    const session = await (await world.worker('b')).acquire('orders', { cluster })
    world.way('pruner').faults.onCall(slowIndex(seconds(1)))
    world.way('b').faults.onCall(slowIndex(seconds(2)))

    const pruned = markExpired('orders', pruning(world, 'pruner'))
    // Its page is there, and its index is on the way.
    await world.pass(seconds(0.5))
    await world.until(Promise.all([pruned, session.recover(servesAll)]))

    const { pages, garbage } = await presentIndex(world)
    expect(pages).toHaveLength(1)
    expect(garbage.map(({ id }) => id)).not.toContain(pages[0]?.id)
  })

  test('what the index names is not deleted, although its garbage lists it too', async () => {
    const world = await agedBackup()
    const before = await presentIndex(world)
    const entries = await collect(segmentEntries(world.memory, before))
    const since = new Date(world.clock.now()).toISOString()
    const listed = (id: GarbageEntry['id'], kind: GarbageEntry['kind']) => ({ id, kind, since })
    const { ids } = pruning(world, 'editor')
    const leftover = ids.next(before.commit)
    await world.replace(keys.segment(leftover), 'a leftover')
    const garbage = [
      ...entries.map(({ id }) => listed(id, 'segment')),
      ...before.pages.map(({ id }) => listed(id, 'page')),
      listed(leftover, 'segment'),
    ]
    await editIndex(world.memory, 'orders', { ids, edit: (index) => ({ ...index, garbage }) })
    await world.pass(days(2))

    const session = await (await world.worker('b')).acquire('orders', { cluster })
    const deleted = await deletePruned(session, pruning(world, 'b'))

    expect(deleted.garbage.map(({ id }) => id)).toEqual([leftover])
    const there = await collect(segmentEntries(world.memory, await presentIndex(world)))
    expect(there).toEqual(entries)
    for (const { id } of entries) expect(world.memory.contents().has(keys.segment(id))).toBe(true)
  })
})
