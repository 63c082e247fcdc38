import type { Clock } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { captured, cluster, incarnation, minutes, World } from '../../test/fixtures.ts'

describe('the deadline of a writer', () => {
  test('a writer that slept through its lease cannot commit', async () => {
    const world = new World()
    const sleeper = await world.writer('a')
    world.crash('a')
    await world.pass(minutes(6))
    const successor = await world.writer('b')
    await successor.commit(captured(successor, { 0: [0, 10] }))
    world.way('a').faults.clear()

    const late = sleeper.commit(captured(sleeper, { 0: [0, 10] }))

    await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST', retry: 'after-refresh' })
    expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
  })

  test('a writer stops at its own deadline, although no other one has taken over', async () => {
    const world = new World()
    const session = await world.writer('a')
    world
      .way('a')
      .faults.onCall(({ key }) => (key.startsWith('~workers/') ? { kind: 'fail' } : undefined))
    await world.pass(minutes(3.75))
    await session.commit(captured(session, { 0: [0, 10] }))
    await world.pass(1)

    await expect(session.commit(captured(session, { 0: [10, 20] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
      why: expect.stringContaining('no heartbeat reached the storage for 225 s'),
    })
    expect(world.warnings).toMatchObject([{ code: 'STORAGE_OUTCOME_UNKNOWN' }])
  })

  test('a lost lease stays lost, although heartbeats reach the storage again', async () => {
    const world = new World()
    const session = await world.writer('a')
    world
      .way('a')
      .faults.onCall(({ key }) => (key.startsWith('~workers/') ? { kind: 'fail' } : undefined))
    await world.pass(minutes(4))
    await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
    world.way('a').faults.clear()
    await world.pass(minutes(5))

    await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })

  test('a machine that slept while its monotonic clock stood still stops by its wall clock', async () => {
    const world = new World()
    const asleep = { milliseconds: 0 }
    const clock: Clock = {
      now: () => world.clock.now() + asleep.milliseconds,
      monotonic: () => world.clock.monotonic(),
      sleep: (milliseconds, signal) => world.clock.sleep(milliseconds, signal),
    }
    const session = await (await world.worker('a', { clock })).acquire('orders', { cluster })
    await session.beginIncarnation(incarnation(1))
    asleep.milliseconds = minutes(4)

    await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })

  test('a wall clock that is set back hides no silence', async () => {
    const world = new World()
    const setBack = { milliseconds: 0 }
    const clock: Clock = {
      now: () => world.clock.now() - setBack.milliseconds,
      monotonic: () => world.clock.monotonic(),
      sleep: (milliseconds, signal) => world.clock.sleep(milliseconds, signal),
    }
    const session = await (await world.worker('a', { clock })).acquire('orders', { cluster })
    await session.beginIncarnation(incarnation(1))
    world
      .way('a')
      .faults.onCall(({ key }) => (key.startsWith('~workers/') ? { kind: 'fail' } : undefined))
    setBack.milliseconds = minutes(60)
    await world.pass(minutes(4))

    await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })

  test('a writer that stopped at its deadline gets its topic back at once, and continues', async () => {
    const world = new World()
    const worker = await world.worker('a')
    const session = await worker.acquire('orders', { cluster })
    await session.beginIncarnation(incarnation(1))
    world
      .way('a')
      .faults.onCall(({ key }) => (key.startsWith('~workers/') ? { kind: 'fail' } : undefined))
    await world.pass(minutes(4))
    await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
    world.way('a').faults.clear()
    await world.pass(minutes(2))
    await session.release()

    const again = await worker.acquire('orders', { cluster })
    await again.commit(captured(again, { 0: [0, 10] }))

    expect(again.epoch).toBe(2)
    expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
  })
})
