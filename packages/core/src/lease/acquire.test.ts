import { KanneryError } from '@kannery/storage'
import { expect, test } from 'vitest'
import { sampleIndex } from '../../test/sample-index.ts'
import { captured, cluster, days, minutes, seconds, World } from '../../test/world.ts'
import { encodeIndex } from '../index-file/index-document.ts'

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

test('a second backup is refused: it says who writes, until when that counts, and what to do', async () => {
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
      'topic "orders" in this storage is being written by "kannery-backup-0" since 2026-11-23 07:00:00 UTC (41 s ago)',
      'it counts as orphaned at 2026-11-23 07:05:05 UTC if it gives no sign of life, and is then taken over without you',
    ].join('\n'),
    remedy: 'Wait (--wait), or, if you know that it is dead: kannery lease break <storage> orders',
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

test('a backup that lives is never taken over, however long it runs', async () => {
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

test('an orphan is taken over after the ttl and the slack, not before, and goes on where it ended', async () => {
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

test.each([days(-1), days(1)])('a clock that is %i ms off makes nobody an orphan', async (skew) => {
  const world = new World()
  await world.writer('a')
  const skewed = await world.worker('b', { clock: world.clock.skewed(skew) })

  await expect(skewed.acquire('orders', { cluster })).rejects.toMatchObject({ code: 'LEASE_HELD' })
  world.crash('a')
  await world.pass(minutes(6))
  expect((await skewed.acquire('orders', { cluster })).epoch).toBe(2)
})

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

test('who waits gets the topic when it is released', async () => {
  const world = new World()
  const first = await world.writer('a')
  const waiting = (await world.worker('b')).acquire('orders', { cluster, waitMs: minutes(30) })
  await world.pass(minutes(7))
  await first.release()
  await world.pass(seconds(5))

  expect((await waiting).epoch).toBe(2)
})

test('who waits takes an orphan over as soon as it is one', async () => {
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

test('who waits for too long is told who holds it then', async () => {
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

test('who comes back under its own identity takes its lease over at once', async () => {
  const world = new World()
  const identity = 'kannery-backup-0'
  const before = await world.worker('first life', { identity })
  const old = await before.acquire('orders', { cluster })

  const session = await (await world.worker('second life', { identity })).acquire('orders', {
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
])('who comes back with identity %s waits like everybody else', async (_, identity) => {
  const world = new World()
  await (await world.worker('a', { identity: 'kannery-backup-0' })).acquire('orders', { cluster })
  const other = await world.worker('b', identity === undefined ? {} : { identity })

  await expect(other.acquire('orders', { cluster })).rejects.toMatchObject({ code: 'LEASE_HELD' })
})

test('a process that crashes again and again does not keep its dead predecessor alive', async () => {
  const world = new World()
  await world.writer('life 0')
  world.crash('life 0')
  const died = world.clock.now()
  let lives = 1
  for (; ; lives++) {
    await world.pass(seconds(10))
    const worker = await world.worker(`life ${lives}`)
    const acquired = await worker.acquire('orders', { cluster }).catch(() => undefined)
    world.crash(`life ${lives}`)
    if (acquired !== undefined) break
  }

  expect(world.clock.now() - died).toBe(minutes(5) + seconds(10))
  expect(lives).toBe(31)
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

test('a __lease that nobody can read is somebody’s until it is old', async () => {
  const world = new World()
  await world.replace('orders/__lease', 'do not touch!\n')
  const worker = await world.worker('b')

  await expect(worker.acquire('orders', { cluster })).rejects.toMatchObject({
    code: 'LEASE_HELD',
    why: expect.stringContaining('somebody unknown'),
  })
  await world.pass(minutes(6))
  expect((await worker.acquire('orders', { cluster })).epoch).toBe(1)
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

test('acquiring a topic that has a backup takes five requests', async () => {
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
  world
    .way('a')
    .faults.onCall(({ operation }) =>
      operation === 'delete'
        ? { kind: 'fail', error: new KanneryError('STORAGE_UNAUTHENTICATED', 'the token ran out') }
        : undefined,
    )
  await expect(session.release()).rejects.toMatchObject({ code: 'STORAGE_UNAUTHENTICATED' })

  expect((await worker.acquire('orders', { cluster })).epoch).toBe(2)
})

test('who was too slow to raise the epoch before a successor gives up', async () => {
  const world = new World()
  const slow = await world.worker('slow')
  world
    .way('slow')
    .faults.onCall(({ operation, key }) =>
      operation === 'put' && key === 'orders/index' ? { kind: 'hang', applied: false } : undefined,
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

test('who needed more than half the ttl to look gives a sign of life before it claims the epoch', async () => {
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

test('an index with a changed byte is not written over, and the lease is given back', async () => {
  const world = new World()
  const text = Buffer.from(encodeIndex(sampleIndex)).toString()
  for (const [damaged, code] of [
    [text.replace('81234', '81235'), 'DATA_CORRUPT'],
    ['<html>', 'INDEX_FOREIGN'],
    [Buffer.from(encodeIndex({ ...sampleIndex, topic: 'Orders' })).toString(), 'INDEX_FOREIGN'],
    [
      Buffer.from(encodeIndex({ ...sampleIndex, requires: { read: [], write: ['x'] } })).toString(),
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
    remedy: expect.stringContaining('kannery index rebuild'),
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
