import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { captured, cluster, minutes, seconds, World } from '../../test/fixtures.ts'

describe('acquiring a topic', () => {
  test('a clean stop leaves the index and the segments, nothing else', async () => {
    const world = new World()
    {
      await using worker = await world.worker('a')
      const session = await worker.acquire('orders', { cluster })
      expect(world.keys()).toEqual(['orders/__lease', 'orders/index', `~workers/${worker.id}`])
      expect(session.nextOffsets()).toEqual(new Map())
    }
    expect(world.keys()).toEqual(['orders/index'])
    expect(world.warnings).toEqual([])
  })

  test('a second backup is refused, and reports who writes, until when that counts, and what to do', async () => {
    const world = new World()
    await world.writer('kannery-backup-0')
    await world.pass(seconds(41))
    const before = world.memory.contents()

    const refused = (await world.worker('b')).acquire('orders', { cluster })

    await expect(refused).rejects.toMatchObject({
      code: 'LEASE_HELD',
      message: 'resource already held by someone else',
      retry: 'after-refresh',
      why: [
        'topic "orders" in this storage has been written by "kannery-backup-0" since 2026-11-23 07:00:00 UTC (41 s ago)',
        'it counts as orphaned at 2026-11-23 07:05:05 UTC unless it renews its heartbeat, and is then taken over automatically',
      ].join('\n'),
      remedy: 'Wait until the other backup ends, or until its lease counts as orphaned.',
      advice: { id: 'wait-or-break-lease', topic: 'orders' },
      facts: {
        topic: 'orders',
        holder: '"kannery-backup-0"',
        since: '2026-11-23T07:00:00.000Z',
        lastSeen: '2026-11-23T07:00:00.000Z',
        orphanedAt: '2026-11-23T07:05:05.000Z',
      },
    })
    expect(world.memory.contents()).toEqual(before)
  })

  test('of many that want a new topic one gets it', async () => {
    const world = new World()
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map(
        async (name) => await (await world.worker(name)).acquire('orders', { cluster }),
      ),
    )

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await world.epoch()).toBe(1)
  })

  test('a waiting worker gets the topic when it is released', async () => {
    const world = new World()
    const first = await world.writer('a')
    const waiting = (await world.worker('b')).acquire('orders', { cluster, waitMs: minutes(30) })
    await world.pass(minutes(7))
    await first.release()
    await world.pass(seconds(5))

    expect((await waiting).epoch).toBe(2)
  })

  test('a worker that waits for too long reports who holds the topic then', async () => {
    const world = new World()
    await world.writer('a')
    const began = world.clock.now()

    const waiting = (await world.worker('b')).acquire('orders', { cluster, waitMs: minutes(30) })

    await expect(world.until(waiting)).rejects.toMatchObject({
      code: 'LEASE_HELD',
      why: expect.stringContaining('(1800 s ago)'),
    })
    expect(world.clock.now() - began).toBe(minutes(30))
  })

  test('waiting ends with its signal', async () => {
    const world = new World()
    await world.writer('a')
    const stop = new AbortController()
    const waiting = (await world.worker('b')).acquire('orders', {
      cluster,
      waitMs: minutes(30),
      signal: stop.signal,
    })
    await world.pass(minutes(1))
    stop.abort(new Error('enough'))

    await expect(waiting).rejects.toThrow('enough')
  })

  test('one heartbeat serves all topics of a worker', async () => {
    const world = new World()
    const worker = await world.worker('a')
    const topics = Array.from({ length: 50 }, (_, number) => `topic-${number}`)
    await Promise.all(topics.map((topic) => worker.acquire(topic, { cluster })))
    const { calls } = world.way('a').faults
    const before = calls.length
    await world.pass(minutes(60))

    expect(calls.slice(before).map(({ operation, key }) => [operation, key])).toEqual(
      Array(36).fill(['put', `~workers/${worker.id}`]),
    )
  })

  test('acquiring a topic that has a backup takes six requests', async () => {
    const world = new World()
    const session = await world.writer('a', 'orders', 3)
    for (let at = 0; at < 400; at++) {
      await session.commit(captured(session, { 0: [at, at + 1], 1: [at, at + 1], 2: [at, at + 1] }))
    }
    await session.release()
    const worker = await world.worker('b')
    await worker.acquire('another', { cluster })
    const { calls } = world.way('b').faults
    const before = calls.length

    const acquired = await worker.acquire('orders', { cluster })
    await acquired.recover({
      topicId: 'topic-id',
      canServe: async () => true,
      agrees: async () => true,
    })

    expect(calls.slice(before).map(({ operation, key }) => `${operation} ${key}`)).toEqual([
      'get orders/__lease',
      'put orders/__lease',
      'get orders/index',
      'list orders/',
      'put orders/index',
      'list orders/',
    ])
  })

  test('a topic is acquired once by a worker', async () => {
    const world = new World()
    const worker = await world.worker('a')
    await worker.acquire('orders', { cluster })

    await expect(worker.acquire('orders', { cluster })).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('a worker that could not release a topic takes it back at once', async () => {
    const world = new World()
    const worker = await world.worker('a')
    const session = await worker.acquire('orders', { cluster })
    world.way('a').faults.onCall(({ operation }) =>
      operation === 'delete'
        ? {
            kind: 'fail',
            error: new KanneryError('STORAGE_UNAUTHENTICATED', 'the token ran out'),
          }
        : undefined,
    )
    await expect(session.release()).rejects.toMatchObject({ code: 'STORAGE_UNAUTHENTICATED' })

    expect((await worker.acquire('orders', { cluster })).epoch).toBe(2)
  })

  test('a worker that ends while it waits for a topic does not wait on', async () => {
    const world = new World()
    await world.writer('a')
    const worker = await world.worker('b')
    const waiting = worker.acquire('orders', { cluster, waitMs: minutes(30) })
    waiting.catch(() => undefined)
    await world.pass(seconds(1))
    await worker[Symbol.asyncDispose]()

    await expect(waiting).rejects.toThrow()
  })
})
