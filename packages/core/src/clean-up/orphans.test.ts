import { describe, expect, test } from 'vitest'
import { captured, cluster, days, minutes, World } from '../../test/fixtures.ts'
import { collect } from '../../test/segments.ts'
import { stored, uploaded } from '../../test/stored-segments.ts'
import { segmentEntries } from '../index-file/pages/pages.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import type { PruneOptions } from '../retention/prune.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { deletePruned } from './delete-pruned.ts'
import { findOrphans, markOrphans } from './orphans.ts'

const keys = topicKeys('orders')

/**
 * A writer went on under new ids after an upload and a page that it never heard of, until pages
 * were past them.
 */
async function withOrphans() {
  const world = new World()
  const session = await world.writer('a')
  await stored(world, session, { 0: [0, 1] })
  const { segment } = await uploaded(world, session, { 0: [1, 2] })
  const stranger = await uploaded(world, session, { 0: [1, 2] }, { cluster: 'cluster-two' })
  const damaged = session.newSegmentId()
  await world.replace(keys.segment(damaged), 'no segment')
  const page = session.newSegmentId()
  await world.replace(keys.page(page), 'a page')
  for (let at = 1; at < 300; at++) {
    const change = captured(session, { 0: [at, at + 1] })
    await world.replace(keys.segment(change.segment.id), 'records')
    await session.commit(change)
  }
  const newest = await uploaded(world, session, { 0: [300, 301] })
  await session.release()
  return {
    world,
    orphans: [segment.id, page],
    left: [stranger.segment.id, damaged, newest.segment.id],
  }
}

function editing(world: World): PruneOptions {
  const ids = new UlidSource({ clock: world.clock, random: world.random.fork() })
  return { storage: world.storage('gc'), clock: world.clock, ids }
}

async function indexIn(world: World) {
  const found = await readIndex(world.memory, 'orders')
  if (found === undefined) throw new Error('there is no index')
  return found.index
}

describe('orphaned objects', () => {
  test('what no index names is found although the pages are past it, but nothing that a recovery will look at, or that is not known to be ours', async () => {
    const { world, orphans } = await withOrphans()
    const found = await findOrphans(world.memory, await indexIn(world))
    expect(found.map(({ id }) => id)).toEqual(orphans)
  })

  test('an orphan is garbage from when it is marked, and deleted a day later', async () => {
    const { world, orphans, left } = await withOrphans()
    const before = await collect(segmentEntries(world.memory, await indexIn(world)))
    const found = await findOrphans(world.memory, await indexIn(world))
    const session = await (await world.worker('gc')).acquire('orders', { cluster })
    await markOrphans(session, found, editing(world))
    expect((await deletePruned(session, editing(world))).garbage).toEqual([])
    expect(await findOrphans(world.memory, await indexIn(world))).toEqual([])

    await world.pass(days(1) + minutes(1))
    const { garbage } = await deletePruned(session, editing(world))

    expect(garbage.map(({ id }) => id)).toEqual(orphans)
    const there = new Set(world.memory.contents().keys())
    for (const { id } of before) expect(there).toContain(keys.segment(id))
    for (const id of left) expect(there).toContain(keys.segment(id))
  })

  test('what is named by now is not marked', async () => {
    const { world } = await withOrphans()
    const { segments, pages } = await indexIn(world)
    const named = [
      ...segments.map(({ id }) => ({ id, kind: 'segment' }) as const),
      ...pages.map(({ id }) => ({ id, kind: 'page' }) as const),
    ]
    const session = await (await world.worker('gc')).acquire('orders', { cluster })
    expect(await markOrphans(session, named, editing(world))).toEqual([])
    expect((await indexIn(world)).garbage).toEqual([])
  })

  test('only the holder of the epoch marks orphans', async () => {
    const { world } = await withOrphans()
    const found = await findOrphans(world.memory, await indexIn(world))
    const sleeper = await (await world.worker('gc')).acquire('orders', { cluster })
    await world.remove(keys.lease)
    await (await world.worker('successor')).acquire('orders', { cluster })
    await expect(markOrphans(sleeper, found, editing(world))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })
})
