import type { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { days, minutes, World } from '../../test/fixtures.ts'
import { sweepHeartbeats } from './sweep-heartbeats.ts'
import { defaultLeaseTiming } from './timing.ts'

const heartbeats = (world: World): number =>
  world.keys().filter((key) => key.startsWith('~workers/')).length

const unexpected = (failure: KanneryError): void => {
  throw failure
}

function sweep(world: World, dryRun = false, onFailure = unexpected): Promise<number> {
  const options = { clock: world.clock, olderThanMs: days(1), dryRun, onFailure }
  return sweepHeartbeats(world.storage('sweeper'), options)
}

describe('sweeping old heartbeats', () => {
  test('the heartbeat of a worker that is long dead goes, those of the living stay', async () => {
    const world = new World()
    await world.writer('dead', 'orders')
    world.crash('dead')
    await world.pass(days(2))
    await world.writer('living', 'payments')
    expect(heartbeats(world)).toBe(2)

    expect(await sweep(world, true)).toBe(1)
    expect(heartbeats(world)).toBe(2)
    expect(await sweep(world)).toBe(1)
    expect(heartbeats(world)).toBe(1)
    await world.pass(days(2))
    expect(await sweep(world)).toBe(0)
  })

  test('a heartbeat that was renewed within a day, or within its own time to live, stays', async () => {
    const world = new World()
    await world.writer('dead', 'orders')
    world.crash('dead')
    const timing = { ...defaultLeaseTiming, ttlMs: days(2), renewEveryMs: days(1) }
    const slow = await world.worker('slow', { timing })
    await slow.acquire('payments', { cluster: 'cluster-one' })
    world.crash('slow')
    await world.pass(days(1) - minutes(10))
    expect(await sweep(world)).toBe(0)
    await world.pass(days(1))
    expect(await sweep(world)).toBe(1)
    await world.pass(days(3))
    expect(await sweep(world)).toBe(1)
  })

  test('a heartbeat that cannot be deleted is reported, and the others are deleted', async () => {
    const world = new World()
    for (const [name, topic] of [
      ['first', 'orders'],
      ['second', 'payments'],
    ] as const) {
      await world.writer(name, topic)
      world.crash(name)
    }
    await world.pass(days(2))
    const [locked] = world.keys().filter((key) => key.startsWith('~workers/'))
    world
      .way('sweeper')
      .faults.onCall(({ operation, key }) =>
        operation === 'delete' && key === locked ? { kind: 'deny' } : undefined,
      )
    const failures: KanneryError[] = []
    expect(await sweep(world, false, (failure) => failures.push(failure))).toBe(1)
    expect(failures).toMatchObject([{ code: 'STORAGE_DENIED' }])
    expect(world.keys().filter((key) => key.startsWith('~workers/'))).toEqual([locked])
  })

  test('what is no heartbeat of ours stays', async () => {
    const world = new World()
    await world.replace('~workers/notes', 'of an operator')
    await world.pass(days(9))
    expect(await sweep(world)).toBe(0)
    expect(heartbeats(world)).toBe(1)
  })
})
