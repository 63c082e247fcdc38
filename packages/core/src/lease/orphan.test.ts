import { describe, expect, test } from 'vitest'
import { captured, cluster, days, minutes, seconds, World } from '../../test/fixtures.ts'

describe('an orphaned lease', () => {
  test('a backup that is running is never taken over, however long it runs', async () => {
    const world = new World()
    const session = await world.writer('a')
    for (let hour = 0; hour < 5; hour++) {
      await world.pass(minutes(60))
      await expect((await world.worker('b')).acquire('orders', { cluster })).rejects.toMatchObject({
        code: 'LEASE_HELD',
      })
    }

    await session.commit(captured(session, { 0: [0, 10] }))
    expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
  })

  test('an orphan is taken over after the ttl and the slack, not before, and continues where it ended', async () => {
    const world = new World()
    const dead = await world.writer('a')
    await dead.commit(captured(dead, { 0: [0, 10] }))
    world.crash('a')

    await world.pass(minutes(5) + seconds(5))
    await expect((await world.worker('b')).acquire('orders', { cluster })).rejects.toMatchObject({
      code: 'LEASE_HELD',
    })
    await world.pass(seconds(1))
    const successor = await (await world.worker('b')).acquire('orders', { cluster })

    expect(successor.epoch).toBe(dead.epoch + 1)
    expect(successor.nextOffsets()).toEqual(new Map([[0, 10]]))
    expect(world.keys().filter((key) => key.startsWith('~workers/'))).toHaveLength(1)
  })

  test.each([days(-1), days(1)])(
    'a clock that is %i ms off makes no lease an orphan',
    async (skew) => {
      const world = new World()
      await world.writer('a')
      const skewed = await world.worker('b', { clock: world.clock.skewed(skew) })

      await expect(skewed.acquire('orders', { cluster })).rejects.toMatchObject({
        code: 'LEASE_HELD',
      })
      world.crash('a')
      await world.pass(minutes(6))
      expect((await skewed.acquire('orders', { cluster })).epoch).toBe(2)
    },
  )

  test('of many that want an orphan one gets it, and the others are refused', async () => {
    const world = new World()
    await world.writer('dead')
    world.crash('dead')
    await world.pass(minutes(6))
    const names = ['a', 'b', 'c', 'd', 'e']

    const outcomes = await Promise.allSettled(
      names.map(async (name) => await (await world.worker(name)).acquire('orders', { cluster })),
    )

    const won = outcomes.filter(({ status }) => status === 'fulfilled')
    const codes = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.code] : [],
    )
    expect(won).toHaveLength(1)
    expect(codes).toEqual(Array(4).fill('LEASE_HELD'))
    expect(await world.epoch()).toBe(2)
  })

  test('a waiting worker takes a lease over as soon as it is an orphan', async () => {
    const world = new World()
    await world.writer('a')
    world.crash('a')
    const began = world.clock.now()

    const session = await world.until(
      (await world.worker('b')).acquire('orders', { cluster, waitMs: minutes(30) }),
    )

    expect(session.epoch).toBe(2)
    expect(world.clock.now() - began).toBeLessThan(minutes(5) + seconds(15))
  })

  test('a worker that restarts with its identity takes its lease over at once', async () => {
    const world = new World()
    const identity = 'kannery-backup-0'
    const before = await world.worker('first start', { identity })
    const old = await before.acquire('orders', { cluster })

    const session = await (await world.worker('second start', { identity })).acquire('orders', {
      cluster,
    })

    expect(session.epoch).toBe(2)
    expect(world.keys()).not.toContain(`~workers/${before.id}`)
    await expect(
      old.beginIncarnation({ topicId: 'x', partitions: 1, start: {}, config: {}, effective: {} }),
    ).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  test.each([
    ['none', undefined],
    ['another one', 'kannery-backup-1'],
  ])('a worker that restarts with identity %s waits like any other', async (_, identity) => {
    const world = new World()
    await (await world.worker('a', { identity: 'kannery-backup-0' })).acquire('orders', { cluster })
    const other = await world.worker('b', identity === undefined ? {} : { identity })

    await expect(other.acquire('orders', { cluster })).rejects.toMatchObject({ code: 'LEASE_HELD' })
  })

  test('a process that crashes again and again does not keep its dead predecessor alive', async () => {
    const world = new World()
    await world.writer('start 0')
    world.crash('start 0')
    const died = world.clock.now()
    let starts = 1
    for (; ; starts++) {
      await world.pass(seconds(10))
      const worker = await world.worker(`start ${starts}`)
      const acquired = await worker.acquire('orders', { cluster }).catch(() => undefined)
      world.crash(`start ${starts}`)
      if (acquired !== undefined) break
    }

    expect(world.clock.now() - died).toBe(minutes(5) + seconds(10))
    expect(starts).toBe(31)
    expect(world.keys().filter((key) => key.startsWith('~workers/'))).toHaveLength(1)
  })

  test('a lease that a person deletes is free at once', async () => {
    const world = new World()
    const old = await world.writer('a')
    await world.remove('orders/__lease')

    const session = await (await world.worker('b')).acquire('orders', { cluster })

    expect(session.epoch).toBe(2)
    await expect(old.commit(captured(old, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })

  test('a __lease that cannot be read counts as held until it is old', async () => {
    const world = new World()
    await world.replace('orders/__lease', 'do not touch!\n')
    const worker = await world.worker('b')

    await expect(worker.acquire('orders', { cluster })).rejects.toMatchObject({
      code: 'LEASE_HELD',
      why: expect.stringContaining('an unknown holder'),
    })
    await world.pass(minutes(6))
    expect((await worker.acquire('orders', { cluster })).epoch).toBe(1)
  })
})
