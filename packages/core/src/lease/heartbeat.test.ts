import { objectKey } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { captured, cluster, incarnation, minutes, seconds, World } from '../../test/fixtures.ts'

async function writing() {
  const world = new World()
  const worker = await world.worker('a')
  const session = await worker.acquire('orders', { cluster })
  await session.beginIncarnation(incarnation(1))
  const key = `~workers/${worker.id}`
  const beats = (): number =>
    world.way('a').faults.calls.filter((call) => call.operation === 'put' && call.key === key)
      .length
  return { world, worker, session, key, beats }
}

describe('the heartbeat of a worker', () => {
  test('a heartbeat comes every 100 s, each time with other bytes', async () => {
    const { world, key, beats } = await writing()
    const seen = new Set([world.text(key)])
    for (let count = 0; count < 5; count++) {
      await world.pass(seconds(100))
      seen.add(world.text(key))
    }

    expect(beats()).toBe(6)
    expect(seen.size).toBe(6)
  })

  test('a worker that finds all topics taken never writes a heartbeat', async () => {
    const { world } = await writing()
    const other = await world.worker('b')
    await expect(other.acquire('orders', { cluster })).rejects.toMatchObject({ code: 'LEASE_HELD' })

    expect(world.way('b').faults.calls.filter(({ key }) => key.includes(other.id))).toEqual([])
  })

  test('a heartbeat that is deleted by another process is written again', async () => {
    const { world, key, session } = await writing()
    await world.remove(key)
    await world.pass(seconds(100))

    expect(world.keys()).toContain(key)
    await world.pass(minutes(30))
    await session.commit(captured(session, { 0: [0, 10] }))
  })

  test('a storage that is away for two minutes costs no lease', async () => {
    const { world, key, session } = await writing()
    await world.pass(seconds(90))
    const until = world.clock.now() + minutes(2)
    world
      .way('a')
      .faults.onCall((call) =>
        call.key === key && world.clock.now() < until ? { kind: 'fail' } : undefined,
      )
    await world.pass(minutes(10))

    await expect((await world.worker('b')).acquire('orders', { cluster })).rejects.toMatchObject({
      code: 'LEASE_HELD',
    })
    await session.commit(captured(session, { 0: [0, 10] }))
    expect(world.warnings.map(({ code }) => code)).toEqual(['STORAGE_OUTCOME_UNKNOWN'])
  })

  test('a heartbeat that failed is sent again soon', async () => {
    const { world, key, beats } = await writing()
    let failed = false
    world.way('a').faults.onCall((call) => {
      if (call.key !== key || failed) return undefined
      failed = true
      return { kind: 'deny' }
    })
    await world.pass(seconds(100))
    expect(beats()).toBe(2)
    await world.pass(seconds(10))
    expect(beats()).toBe(3)
    await world.pass(seconds(99))
    expect(beats()).toBe(3)
    await world.pass(seconds(1))

    expect(beats()).toBe(4)
    expect(world.warnings).toMatchObject([{ code: 'STORAGE_DENIED' }])
  })

  test('a heartbeat whose answer is lost for long is found again, and the next one replaces it', async () => {
    const { world, key, beats } = await writing()
    let lost = false
    world.way('a').faults.onCall((call) => {
      if (call.key !== key || call.operation !== 'put' || lost) return undefined
      lost = true
      return { kind: 'lose-answer' }
    })
    await world.pass(minutes(5))

    expect(lost).toBe(true)
    expect(world.warnings).toEqual([])
    expect(beats()).toBeGreaterThan(3)
  })

  test('a worker that has ended writes no heartbeat, and leaves none', async () => {
    const { world, worker, key, beats } = await writing()
    await worker[Symbol.asyncDispose]()
    const given = beats()
    await world.pass(minutes(30))

    expect(beats()).toBe(given)
    expect(world.keys()).not.toContain(key)
  })

  test('a worker that wakes up does not take its topics back from their new writers', async () => {
    const { world, session, key } = await writing()
    world.crash('a')
    await world.pass(minutes(6))
    const successor = await (await world.worker('b')).acquire('orders', { cluster })
    world.way('a').faults.clear()
    await world.pass(minutes(10))

    expect(world.memory.contents().has(objectKey(key))).toBe(true)
    await successor.commit(captured(successor, { 0: [0, 10] }))
    await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })
})
