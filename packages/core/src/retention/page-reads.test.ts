import { describe, expect, test } from 'vitest'
import { captured, cluster, days, incarnation, World } from '../../test/fixtures.ts'
import { deletePruned } from '../clean-up/delete-pruned.ts'
import { readIndex } from '../index-file/read-index.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { dueForDeletion, dueForMark } from './due.ts'
import { addPoint } from './points.ts'
import { markExpired } from './prune.ts'
import { parseRetention } from './retention.ts'

const graceMs = days(1)

/** A backup of 600 segments, of which most are in pages. */
async function pagedBackup(policy: string): Promise<World> {
  const world = new World()
  await using worker = await world.worker('a', { retention: parseRetention('1d') })
  await using session = await worker.acquire('orders', { cluster })
  await session.beginIncarnation({ ...incarnation(1), config: { 'cleanup.policy': policy } })
  for (let at = 0; at < 600; at++) await session.commit(captured(session, { 0: [at, at + 1] }))
  return world
}

function options(world: World) {
  const ids = new UlidSource({ clock: world.clock, random: world.random.fork() })
  return { storage: world.storage('pruner'), clock: world.clock, ids }
}

/** Pages that are read in one search for what is due: what an hourly upkeep costs. */
async function pageReads(world: World): Promise<number> {
  const stored = await readIndex(world.memory, 'orders')
  if (stored === undefined) throw new Error('there is no index')
  expect(stored.index.pages.length).toBeGreaterThan(2)
  const due = { storage: world.storage('looking'), index: stored.index, nowMs: world.clock.now() }
  await dueForMark(due)
  await dueForDeletion({ ...due, graceMs })
  const { calls } = world.way('looking').faults
  return calls.filter(({ operation, key }) => operation === 'get' && key.endsWith('.page')).length
}

async function deleteAll(world: World): Promise<void> {
  await world.pass(days(400))
  await markExpired('orders', options(world))
  for (let deletions = 0; deletions < 2; deletions++) {
    await world.pass(days(2))
    await using worker = await world.worker('pruner')
    await using session = await worker.acquire('orders', { cluster })
    await deletePruned(session, options(world))
  }
}

async function keepAll(world: World): Promise<void> {
  await addPoint('orders', {}, options(world))
  await world.pass(days(400))
}

describe('pages that a prune reads', () => {
  test.each([
    ['is deleted', 'delete', deleteAll],
    ['is kept by a point', 'delete', keepAll],
    ['is of a compacted topic', 'compact', (world: World) => world.pass(days(400))],
  ])(
    'where all that is old %s, no page is read in the search for what is due',
    async (_, policy, age) => {
      const world = await pagedBackup(policy)
      await age(world)
      expect(await pageReads(world)).toBe(0)
    },
  )
})
