import { describe, expect, test } from 'vitest'
import { cluster, days, incarnation, minutes, World } from '../../test/fixtures.ts'
import { backup, rebuild } from '../../test/rebuild-fixtures.ts'
import { stored } from '../../test/stored-segments.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { planRebuild } from './rebuild-index.ts'

const keys = topicKeys('orders')

describe('a rebuild of the index', () => {
  test('a lost index is rebuilt from the segments, and the backup continues where it was', async () => {
    const { world, writer } = await backup()
    const before = await world.restorable()
    await writer.release()
    await world.remove(keys.index)

    const { plan } = await rebuild(world)

    expect(await world.restorable()).toEqual(before)
    expect(plan).toMatchObject({ epoch: 2, leftOut: [], damages: [] })
    expect(world.keys()).not.toContain(keys.lease)
    const next = await world.writer('b')
    expect(next.epoch).toBe(3)
    expect(next.nextOffsets()).toEqual(
      new Map([
        [0, 30],
        [1, 6],
      ]),
    )
    await stored(world, next, { 0: [30, 40] })
  })

  test('a damaged index is replaced, and its previous writer cannot commit any more', async () => {
    const { world, writer } = await backup()
    const before = await world.restorable()
    await world.replace(keys.index, world.text(keys.index).replace('epoch: 1', 'epoch: 9'))
    await world.remove(keys.lease)

    await rebuild(world)

    expect(await world.restorable()).toEqual(before)
    // The greatest that anything says, also what is damaged.
    expect(await world.epoch()).toBe(10)
    await expect(stored(world, writer, { 0: [30, 40] })).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })

  test('an index that is whole is left alone', async () => {
    const { world, writer } = await backup()
    await writer.release()
    const before = world.text(keys.index)

    await expect(rebuild(world)).rejects.toMatchObject({ code: 'INDEX_WHOLE' })
    await expect(planRebuild(world.memory, 'orders')).rejects.toMatchObject({ code: 'INDEX_WHOLE' })
    expect(world.text(keys.index)).toBe(before)
  })

  test('an index without a commit, beside segments that it does not name, is replaced', async () => {
    const world = new World()
    const writer = await (await world.worker('a')).acquire('orders', { cluster })
    const untouched = world.text(keys.index)
    await writer.beginIncarnation(incarnation(1))
    await stored(world, writer, { 0: [0, 10] })
    await writer.release()
    await world.replace(keys.index, untouched)

    await rebuild(world)

    expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
  })

  test('what is not an index is left alone', async () => {
    const { world, writer } = await backup()
    await writer.release()
    await world.replace(keys.index, '# notes of an operator\n')

    await expect(rebuild(world)).rejects.toMatchObject({ code: 'INDEX_FOREIGN' })
    expect(world.text(keys.index)).toBe('# notes of an operator\n')
  })

  test('a folder without segments gets no index', async () => {
    const world = new World()
    await expect(rebuild(world)).rejects.toMatchObject({ code: 'INDEX_MISSING' })
    expect(world.keys()).toEqual([])
  })

  test('a rebuild changes nothing while the topic is being written', async () => {
    const { world } = await backup()
    await world.remove(keys.index)
    await expect(rebuild(world)).rejects.toMatchObject({ code: 'LEASE_HELD' })
    expect(world.keys()).not.toContain(keys.index)
  })

  test('a plan writes nothing, beside a writer too', async () => {
    const { world } = await backup()
    await world.remove(keys.index)
    const before = world.keys()
    const { arrangement } = await planRebuild(world.memory, 'orders')
    expect(arrangement.segments).toHaveLength(3)
    expect(world.keys()).toEqual(before)
  })

  test('a rebuild of hundreds of segments writes new pages, and the old ones are garbage', async () => {
    const world = new World()
    const writer = await world.writer('a')
    for (let at = 0; at < 300; at++) await stored(world, writer, { 0: [at, at + 1] })
    const pages = writer.index.pages.map(({ id }) => id)
    expect(pages.length).toBeGreaterThan(0)
    await writer.release()
    const before = await world.restorable()
    await world.remove(keys.index)
    for (const id of pages) await world.replace(keys.page(id), 'no rebuild reads this')

    const { index } = await rebuild(world)

    expect(await world.restorable()).toEqual(before)
    expect(index.pages.length).toBeGreaterThan(0)
    expect(index.garbage.map(({ id }) => id)).toEqual(pages)
    expect(await world.next()).toEqual({ 0: 300 })
  })

  test('both incarnations of a topic that was created again are found', async () => {
    const { world, writer } = await backup()
    await writer.beginIncarnation(incarnation(1, 'created-again'))
    await stored(world, writer, { 0: [0, 7] })
    await writer.release()
    const segments = (await readIndex(world.memory, 'orders'))?.index.segments
    await world.remove(keys.index)

    const { index } = await rebuild(world)

    expect(index.incarnations).toMatchObject([
      { n: 0, topicId: 'topic-id', partitions: 2 },
      { n: 1, topicId: 'created-again', partitions: 1 },
    ])
    expect(index.segments).toEqual(segments)
  })

  test('both histories of a log that was truncated are found, as branches of one topic id', async () => {
    const { world, writer } = await backup()
    await writer.beginIncarnation(incarnation(1, 'topic-id'))
    await stored(world, writer, { 0: [0, 7] })
    await writer.release()
    await world.remove(keys.index)

    const { index } = await rebuild(world)

    expect(index.incarnations).toMatchObject([
      { n: 0, topicId: 'topic-id', branch: 0 },
      { n: 1, topicId: 'topic-id', branch: 1 },
    ])
  })

  test('segments expire by the retention that is given, counted from now', async () => {
    const { world, writer } = await backup()
    await writer.release()
    await world.remove(keys.index)
    await world.pass(days(50))

    const { index } = await rebuild(world, { kind: 'delete', after: '30d', afterMs: days(30) })

    expect(index.retention).toEqual({ after: '30d' })
    const least = new Date(world.clock.now() + days(30) - minutes(1)).toISOString()
    for (const { expires } of index.segments) expect(expires).toSatisfy((at) => String(at) > least)
  })
})
