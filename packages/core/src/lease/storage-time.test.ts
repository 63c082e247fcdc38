import { describe, expect, test } from 'vitest'
import { cluster, minutes, seconds, World } from '../../test/fixtures.ts'
import { StorageTime } from './storage-time.ts'

/** The requests about `__time` that a contender makes to judge the lease of another writer. */
async function asked(world: World): Promise<readonly string[]> {
  await world.writer('holder')
  const worker = await world.worker('contender')
  await worker.acquire('orders', { cluster }).catch(() => undefined)
  const { calls } = world.way('contender').faults
  return calls.filter(({ key }) => key === 'orders/__time').map(({ operation }) => operation)
}

describe('the time of the storage', () => {
  test('where answers do not have the time, an object is written to learn it, and deleted', async () => {
    const world = new World()

    expect(await asked(world)).toEqual(['put', 'delete'])
    expect(world.keys()).not.toContain('orders/__time')
  })

  test('where answers have the time, nothing is written', async () => {
    const world = new World({ answersHaveTime: true })

    expect(await asked(world)).toEqual([])
    const contender = world.way('contender').faults.calls
    expect(
      contender.filter(({ operation }) => operation !== 'get' && operation !== 'head'),
    ).toEqual([])
  })

  test('where answers have the time, that about the lease suffices: its heartbeat may be gone', async () => {
    const world = new World({ answersHaveTime: true })
    await world.replace('orders/__lease', 'not a lease')
    const refused = (await world.worker('contender')).acquire('orders', { cluster })

    await expect(refused).rejects.toMatchObject({ code: 'LEASE_HELD' })
    expect(world.way('contender').faults.calls.map(({ operation }) => operation)).toEqual(['get'])
  })

  test('the storage is not asked for its time when the topic is free', async () => {
    const world = new World()
    await world.writer('a')

    expect(world.way('a').faults.calls.map(({ key }) => key)).not.toContain('orders/__time')
  })

  test.each([{ answersHaveTime: true }, { storage: { lastModifiedStepMs: 1000 } }, {}])(
    'an orphan is one by the storage’s clock: %j',
    async (options) => {
      const world = new World(options)
      await world.writer('dead')
      world.crash('dead')
      const clock = world.clock.skewed(-minutes(24 * 60))
      await world.pass(minutes(5) + seconds(5))
      const early = await world.worker('early', { clock })
      await expect(early.acquire('orders', { cluster })).rejects.toMatchObject({
        code: 'LEASE_HELD',
      })
      await world.pass(seconds(2))

      const late = await world.worker('late', { clock })
      expect((await late.acquire('orders', { cluster })).epoch).toBe(2)
    },
  )

  test('a __time that was left over, or that may not be deleted, does no harm', async () => {
    const world = new World()
    await world.replace('orders/__time', 'left over')
    await world.writer('dead')
    world.crash('dead')
    await world.pass(minutes(6))
    world
      .way('b')
      .faults.onCall(({ operation }) => (operation === 'delete' ? { kind: 'deny' } : undefined))

    const session = await (await world.worker('b')).acquire('orders', { cluster })

    expect(session.epoch).toBe(2)
    expect(world.keys()).toContain('orders/__time')
  })

  test('a worker that waits for long asks for the time rarely, not with every look at the lease', async () => {
    const world = new World()
    await world.writer('holder')
    const waiting = (await world.worker('b')).acquire('orders', { cluster, waitMs: minutes(60) })
    waiting.catch(() => undefined)
    await world.pass(minutes(60))

    const { calls } = world.way('b').faults
    const count = (operation: string, key: string): number =>
      calls.filter((call) => call.operation === operation && call.key === key).length
    expect(count('get', 'orders/__lease')).toBeGreaterThan(700)
    expect(count('put', 'orders/__time')).toBeLessThanOrEqual(13)
  })

  test('the time is never ahead of the storage’s clock', async () => {
    const world = new World()
    const time = new StorageTime(world.clock)
    expect(time.now()).toBeUndefined()
    // Of an answer that was long on its way.
    time.observe(new Date(world.clock.now() - seconds(20)))
    await world.pass(seconds(60))

    expect(time.now()).toBe(world.clock.now() - seconds(20))
  })
})
