import { describe, expect, test } from 'vitest'
import { World } from '../../test/fixtures.ts'
import { backup, damage, rebuild } from '../../test/rebuild-fixtures.ts'
import { stored, uploaded } from '../../test/stored-segments.ts'
import { topicKeys } from '../layout/keys.ts'
import type { Ulid } from '../ulid/ulid.ts'

const keys = topicKeys('orders')

describe('the segments of a rebuilt index', () => {
  test('a segment that was not committed is narrowed to offsets that no other segment has', async () => {
    const world = new World()
    const dead = await world.writer('dead')
    await stored(world, dead, { 0: [0, 10] })
    await uploaded(world, dead, { 0: [10, 60] })
    await world.remove(keys.lease)
    const successor = await world.writer('b')
    await stored(world, successor, { 0: [10, 40] })
    await successor.release()
    await world.remove(keys.index)

    const { index } = await rebuild(world)

    expect(await world.restorable()).toEqual({
      0: [
        [0, 10],
        [10, 40],
        [40, 60],
      ],
    })
    expect(index.garbage).toEqual([])
  })

  test('what others hold altogether is garbage', async () => {
    const world = new World()
    const dead = await world.writer('dead')
    const abandoned = await uploaded(world, dead, { 0: [0, 10] })
    await world.remove(keys.lease)
    const successor = await world.writer('b')
    await stored(world, successor, { 0: [0, 20] })
    await successor.release()
    await world.remove(keys.index)

    const { index } = await rebuild(world)

    expect(await world.restorable()).toEqual({ 0: [[0, 20]] })
    expect(index.garbage).toMatchObject([{ id: abandoned.segment.id, kind: 'segment' }])
  })

  test('a missing segment leaves a gap that is reported', async () => {
    const { world, writer } = await backup()
    const lost = writer.index.segments[1]?.id as Ulid
    await writer.release()
    await world.remove(keys.index, keys.segment(lost))

    const { index } = await rebuild(world)

    expect(index.gaps).toMatchObject([
      { in: 0, partition: 0, offsets: [10, 20], reason: 'unknown' },
    ])
    expect(await world.next()).toEqual({ 0: 30, 1: 6 })
  })

  test('partitions of which the oldest segments are gone begin where there is something', async () => {
    const { world, writer } = await backup()
    await writer.release()
    await world.remove(keys.index, keys.segment(writer.index.segments[0]?.id as Ulid))
    const { index } = await rebuild(world)
    expect(index.incarnations).toMatchObject([{ partitions: 2, start: { 0: 10, 1: 5 } }])
  })

  test.each<[string, (size: number) => number]>([
    ['in a chunk', (size) => Math.floor(size / 3)],
    ['in its footer', (size) => size - 30],
  ])('a segment that is damaged %s is reported, and named all the same', async (_, at) => {
    const { world, writer } = await backup()
    const id = writer.index.segments[1]?.id as Ulid
    await writer.release()
    const before = await world.restorable()
    await world.remove(keys.index)
    await damage(world, id, at)

    const { plan } = await rebuild(world)

    expect(plan.damages.map(({ key }) => key)).toContain(keys.segment(id))
    expect(await world.restorable()).toEqual(before)
  })

  test('a segment of which nothing can be read is left out and reported', async () => {
    const { world, writer } = await backup()
    const id = writer.index.segments[1]?.id as Ulid
    await writer.release()
    await world.remove(keys.index)
    await world.replace(keys.segment(id), 'no segment')

    const { plan } = await rebuild(world)

    expect(plan.leftOut).toEqual([{ key: keys.segment(id), why: 'its header is damaged' }])
    expect(world.memory.contents().has(keys.segment(id))).toBe(true)
  })

  test('whole segments come before a damaged one, whatever their epochs', async () => {
    const world = new World()
    const first = await world.writer('a')
    await uploaded(world, first, { 0: [0, 10] })
    await world.remove(keys.lease)
    const second = await world.writer('b')
    const { id } = await stored(world, second, { 0: [0, 10] })
    await second.release()
    await world.remove(keys.index)
    await damage(world, id, (size) => Math.floor(size / 3))

    const { index } = await rebuild(world)

    expect(index.segments.map((entry) => entry.id)).not.toContain(id)
    expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
  })

  test.each([
    ['topic', { topic: 'payments' }, 'it is of topic "payments"'],
    ['cluster', { cluster: 'cluster-two' }, 'it is of the cluster cluster-two'],
    [
      'topic of that name',
      { topicId: 'another' },
      'it is of another topic with this name (id another)',
    ],
  ])('a segment of another %s is left out and reported', async (_, changes, why) => {
    const { world, writer } = await backup()
    const before = await world.restorable()
    // Of an epoch before all others, as what lies in the wrong folder may be.
    const { segment } = await uploaded(world, writer, { 0: [30, 40] }, { ...changes, epoch: 0 })
    await writer.release()
    await world.remove(keys.index)

    const { plan } = await rebuild(world)

    expect(plan.leftOut).toEqual([{ key: keys.segment(segment.id), why }])
    expect(await world.restorable()).toEqual(before)
  })
})
