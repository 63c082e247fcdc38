import { atCall } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { captured, cluster, incarnation, minutes, seconds, World } from '../../test/fixtures.ts'
import { sampleIndex } from '../../test/sample-index.ts'
import { SleepyClock } from '../../test/simulation/sleepy-clock.ts'
import { encodeIndex } from '../index-file/format/index-document.ts'
import type { WriterSession } from './writer-session.ts'

/** A process that is stopped for so long right before it reads the index. */
async function acquireStopped(world: World, milliseconds: number): Promise<WriterSession> {
  const clock = new SleepyClock(world.clock)
  const beforeRead = { operation: 'get', key: 'orders/index' } as const
  world.way('stopped').faults.onCall(atCall(beforeRead, { kind: 'delay', milliseconds }))
  const worker = await world.worker('stopped', { clock })
  clock.stop(milliseconds)
  return await worker.acquire('orders', { cluster })
}

describe('opening the index of a topic', () => {
  test('a writer that was too slow to raise the epoch before its successor gives up', async () => {
    const world = new World()
    const slow = await world.worker('slow')
    world
      .way('slow')
      .faults.onCall(({ operation, key }) =>
        operation === 'put' && key === 'orders/index'
          ? { kind: 'hang', applied: false }
          : undefined,
      )
    const acquiring = slow.acquire('orders', { cluster })
    acquiring.catch(() => undefined)
    await world.pass(0)
    await world.remove('orders/__lease')
    const successor = await (await world.worker('b')).acquire('orders', { cluster })
    world.way('slow').faults.clear()

    await expect(world.until(acquiring)).rejects.toMatchObject({
      code: 'LEASE_LOST',
      retry: 'after-refresh',
    })
    expect(await world.epoch()).toBe(successor.epoch)
  })

  test('a last commit of the writer before, between our look and our claim, is not lost', async () => {
    const world = new World()
    const before = await world.writer('a')
    await world.remove('orders/__lease')
    world
      .way('b')
      .faults.onCall(({ operation, key }) =>
        operation === 'put' && key === 'orders/index'
          ? { kind: 'delay', milliseconds: seconds(1) }
          : undefined,
      )
    const acquiring = (await world.worker('b')).acquire('orders', { cluster })
    await world.pass(0)
    await before.commit(captured(before, { 0: [0, 10] }))

    const session = await world.until(acquiring)

    expect(session.epoch).toBe(2)
    expect(session.nextOffsets()).toEqual(new Map([[0, 10]]))
    expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
  })

  test('a writer that needed more than half the ttl to open the index renews its heartbeat before it raises the epoch', async () => {
    const world = new World()
    const timing = {
      ttlMs: minutes(5),
      renewEveryMs: minutes(60),
      deadlineMs: minutes(4),
      slackMs: seconds(5),
    }
    const worker = await world.worker('a', { timing, storage: world.way('a') })
    world
      .way('a')
      .faults.onCall(({ operation, key }) =>
        operation === 'get' && key === 'orders/index'
          ? { kind: 'delay', milliseconds: minutes(3) }
          : undefined,
      )
    await world.until(worker.acquire('orders', { cluster }))

    const puts = world.way('a').faults.calls.filter(({ operation }) => operation === 'put')
    expect(puts.map(({ key }) => key)).toEqual([
      `~workers/${worker.id}`,
      'orders/__lease',
      `~workers/${worker.id}`,
      'orders/index',
    ])
  })

  test('a writer that was stopped between lease and epoch leaves the topic to its successor', async () => {
    const world = new World()
    await (await world.writer('first')).release()
    const acquiring = acquireStopped(world, minutes(16))
    acquiring.catch(() => undefined)
    await world.pass(minutes(7))
    const successor = await world.writer('successor')

    await expect(world.until(acquiring)).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await successor.commit(captured(successor, { 0: [0, 10] }))
    expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
    expect(world.text('orders/__lease')).toContain('successor')
  })

  test('a writer that was stopped between lease and epoch continues when it has no successor', async () => {
    const world = new World()

    expect((await world.until(acquireStopped(world, minutes(16)))).epoch).toBe(1)
  })

  test('an index with a changed byte is not written over, and the lease is given back', async () => {
    const world = new World()
    const text = Buffer.from(encodeIndex(sampleIndex)).toString()
    for (const [damaged, code] of [
      [text.replace('81234', '81235'), 'DATA_CORRUPT'],
      ['<html>', 'INDEX_FOREIGN'],
      [Buffer.from(encodeIndex({ ...sampleIndex, topic: 'Orders' })).toString(), 'INDEX_FOREIGN'],
      [
        Buffer.from(
          encodeIndex({ ...sampleIndex, requires: { read: [], write: ['x'] } }),
        ).toString(),
        'DATA_VERSION_UNSUPPORTED',
      ],
      [text, 'INDEX_FOREIGN'],
    ] as const) {
      await world.replace('orders/index', damaged)
      await using worker = await world.worker(code)

      await expect(worker.acquire('orders', { cluster })).rejects.toMatchObject({ code })
      expect(world.text('orders/index')).toBe(damaged)
      expect(world.keys()).not.toContain('orders/__lease')
    }
  })

  test('another cluster’s topic is refused, naming both clusters', async () => {
    const world = new World()
    await (await world.writer('a')).release()

    await expect(
      (await world.worker('b')).acquire('orders', { cluster: 'cluster-two' }),
    ).rejects.toMatchObject({
      code: 'INDEX_FOREIGN',
      why: 'it was made from Kafka cluster cluster-one; this is cluster cluster-two',
    })
  })

  test('segments without an index are not started over', async () => {
    const world = new World()
    await world.replace('orders/01JDC8F9V0000000000000000A.kan', 'a segment')
    await using worker = await world.worker('a')

    await expect(worker.acquire('orders', { cluster })).rejects.toMatchObject({
      code: 'INDEX_MISSING',
      remedy: expect.stringContaining('rebuild it from the segments'),
      advice: { id: 'rebuild-index', topic: 'orders', state: 'missing' },
    })
    expect(world.keys()).toEqual([expect.stringContaining('~workers/')])
  })

  test('an index that cannot be read for another reason than its absence is not taken for absent', async () => {
    const world = new World()
    world
      .way('a')
      .faults.onCall(({ operation, key }) =>
        operation === 'get' && key === 'orders/index' ? { kind: 'deny' } : undefined,
      )

    await expect((await world.worker('a')).acquire('orders', { cluster })).rejects.toMatchObject({
      code: 'STORAGE_DENIED',
    })
    expect(world.keys()).not.toContain('orders/index')
  })

  test('an index that was never written to does not stand over segments that it does not name', async () => {
    const world = new World()
    // The first writer sent it. It arrived after the index made meanwhile was deleted.
    const first = await (await world.worker('late')).acquire('orders', { cluster })
    const late = world.text('orders/index')
    await first.beginIncarnation(incarnation(1))
    await first.commit(captured(first, { 0: [0, 10] }))
    await world.replace(`orders/${first.index.segments[0]?.id}.kan`, 'a segment')
    await world.replace('orders/index', late)
    await world.remove('orders/__lease')

    await expect(world.writer('next')).rejects.toMatchObject({ code: 'INDEX_MISSING' })
    expect(world.text('orders/index')).toBe(late)
  })
})
