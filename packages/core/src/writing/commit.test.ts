import { describe, expect, test } from 'vitest'
import {
  captured,
  cluster,
  gap,
  incarnation,
  minutes,
  seconds,
  World,
} from '../../test/fixtures.ts'
import { encodeIndex } from '../index-file/format/index-document.ts'

describe('a commit', () => {
  test('what is committed is found, and the next offsets follow from it', async () => {
    const world = new World()
    const session = await world.writer('a', 'orders', 2)
    await session.commit(captured(session, { 0: [0, 10], 1: [0, 3] }))
    await session.commit(captured(session, { 0: [10, 12] }))

    expect(session.nextOffsets()).toEqual(
      new Map([
        [0, 12],
        [1, 3],
      ]),
    )
    expect(await world.next()).toEqual({ 0: 12, 1: 3 })
    expect(await world.restorable()).toEqual({
      0: [
        [0, 10],
        [10, 12],
      ],
      1: [[0, 3]],
    })
  })

  test('a writer that lost its topic commits nothing afterwards, and leaves the lease of its successor alone', async () => {
    const world = new World()
    const old = await world.writer('a')
    await world.remove('orders/__lease')
    await world.writer('b')
    await expect(old.commit(captured(old, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
    const index = world.text('orders/index')
    const lease = world.text('orders/__lease')

    await expect(old.commit(captured(old, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
    await old.release()

    expect([world.text('orders/index'), world.text('orders/__lease')]).toEqual([index, lease])
  })

  test('commits that are asked for together go one after the other', async () => {
    const world = new World()
    const session = await world.writer('a')

    await Promise.all([
      session.commit(captured(session, { 0: [0, 10] })),
      session.commit(captured(session, { 0: [10, 20] })),
      session.commit({ gaps: [gap(0, 20, 25)] }),
      session.commit(captured(session, { 0: [25, 30] })),
      session.release(),
    ])

    expect(await world.restorable()).toEqual({
      0: [
        [0, 10],
        [10, 20],
        [25, 30],
      ],
    })
    expect(world.keys()).not.toContain('orders/__lease')
    await expect(session.commit(captured(session, { 0: [30, 40] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })

  test('a commit that would leave a hole is refused, and the next one is not', async () => {
    const world = new World()
    const session = await world.writer('a')
    const before = world.text('orders/index')

    await expect(session.commit(captured(session, { 0: [5, 10] }))).rejects.toMatchObject({
      code: 'INTERNAL',
      why: 'partition 0 continues at 0, not at 5',
    })
    expect(world.text('orders/index')).toBe(before)
    await session.commit({ ...captured(session, { 0: [5, 10] }), gaps: [gap(0, 0, 5)] })
    expect(await world.next()).toEqual({ 0: 10 })
  })

  test('what comes after a gap is fetched next, also by the next writer', async () => {
    const world = new World()
    const session = await world.writer('a')
    await session.commit(captured(session, { 0: [0, 10] }))
    await session.commit({ gaps: [gap(0, 10, 25)] })
    await session.release()

    expect((await world.writer('b')).nextOffsets()).toEqual(new Map([[0, 25]]))
  })

  test('partitions that are added begin where they were first seen', async () => {
    const world = new World()
    const session = await world.writer('a')
    await session.commit({
      ...captured(session, { 0: [0, 10], 1: [0, 5], 2: [40, 50] }),
      partitions: 4,
      start: { 2: 40 },
    })

    expect(await world.next()).toEqual({ 0: 10, 1: 5, 2: 50, 3: 0 })
    expect(session.index.incarnations).toMatchObject([{ partitions: 4, start: { 2: 40 } }])
  })

  test('a topic that was created again, or cut off, begins a new history beside the old one', async () => {
    const world = new World()
    const session = await world.writer('a')
    await session.commit(captured(session, { 0: [0, 10] }))
    await session.beginIncarnation(incarnation(1, 'created again'))
    expect(session.nextOffsets()).toEqual(new Map([[0, 0]]))
    await session.commit(captured(session, { 0: [0, 4] }))
    await session.beginIncarnation({ ...incarnation(1, 'created again'), start: { 0: 2 } })
    await session.commit(captured(session, { 0: [2, 3] }))

    const histories = session.index.incarnations.map(({ n, topicId, branch }) => [
      n,
      topicId,
      branch,
    ])
    expect(histories).toEqual([
      [0, 'topic-id', 0],
      [1, 'created again', 0],
      [2, 'created again', 1],
    ])
    expect(session.index.segments.map((entry) => [entry.in, entry.offsets[0]?.[0]])).toEqual([
      [0, 0],
      [1, 0],
      [2, 2],
    ])
  })

  test('what belongs to another incarnation is not committed to this one', async () => {
    const world = new World()
    const session = await world.writer('a')
    const stale = captured(session, { 0: [0, 4] })
    await session.beginIncarnation(incarnation(1, 'created again'))

    await expect(session.commit(stale)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('a store that takes one write a second gets no more', async () => {
    const world = new World({ storage: { capabilities: { minRewriteIntervalMs: 1000 } } })
    const session = await world.until(world.writer('a'))
    const throttled = world.way('a').faults.calls.length
    const began = world.clock.now()
    for (let at = 0; at < 5; at++) {
      await world.until(session.commit(captured(session, { 0: [at, at + 1] })))
    }

    expect(world.clock.now() - began).toBe(seconds(5))
    expect(world.way('a').faults.calls.length - throttled).toBe(5)
  })

  test('no two versions of an index have the same bytes', async () => {
    const world = new World()
    const session = await world.writer('a')
    const versions = [world.text('orders/index')]
    for (let at = 0; at < 3; at++) {
      await session.commit({})
      versions.push(world.text('orders/index'))
    }

    expect(new Set(versions).size).toBe(4)
    expect(Buffer.from(encodeIndex(session.index)).toString()).toBe(versions.at(-1))
  })

  test('the ids of segments grow past all that is in the index, whatever the clock says', async () => {
    const world = new World()
    const ahead = await world.worker('ahead', { clock: world.clock.skewed(minutes(60)) })
    const first = await ahead.acquire('orders', { cluster })
    await first.beginIncarnation(incarnation(1))
    const { segment } = captured(first, { 0: [0, 10] })
    await first.commit({ segment })
    await first.release()

    const second = await world.writer('b')

    expect(second.newSegmentId() > segment.id).toBe(true)
  })
})
