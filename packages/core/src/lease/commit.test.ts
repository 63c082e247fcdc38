import type { Clock } from '@kannery/storage'
import { expect, test } from 'vitest'
import { captured, cluster, gap, incarnation, minutes, seconds, World } from '../../test/world.ts'
import { editIndex } from '../index-file/edit-index.ts'
import { encodeIndex } from '../index-file/index-document.ts'
import { readIndex } from '../index-file/read-index.ts'
import { UlidSource } from '../ulid/ulid.ts'

/** A person puts a hold on what is there, or takes one more. */
async function hold(world: World, name: string): Promise<void> {
  const ids = new UlidSource({ clock: world.clock, random: world.random.fork() })
  const edit = (index: Parameters<Parameters<typeof editIndex>[2]['edit']>[0]) => ({
    ...index,
    holds: [...index.holds, { name }],
  })
  await editIndex(world.memory, 'orders', { ids, edit })
}

async function holds(world: World): Promise<unknown> {
  return (await readIndex(world.memory, 'orders'))?.index.holds
}

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

test('a writer that lost its topic commits nothing afterwards, and takes nobody else’s lease with it', async () => {
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

test('a backup that was begun anew in its folder is another one, also with the same epoch', async () => {
  const world = new World()
  const old = await world.writer('a')
  await world.removeFolder('orders')
  const other = await world.writer('b')

  expect(other.epoch).toBe(old.epoch)
  await expect(old.commit(captured(old, { 0: [0, 10] }))).rejects.toMatchObject({
    code: 'LEASE_LOST',
  })
  await other.commit(captured(other, { 0: [0, 5] }))
  expect(await world.restorable()).toEqual({ 0: [[0, 5]] })
})

test('past its own deadline a writer stops, although nobody took over', async () => {
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
    why: expect.stringContaining('no sign of life reached the storage for 225 s'),
  })
  expect(world.warnings).toMatchObject([{ code: 'STORAGE_OUTCOME_UNKNOWN' }])
})

test('what was lost stays lost, although signs of life reach the storage again', async () => {
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

test('who stopped at its deadline gets its topic back at once, and goes on', async () => {
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

test('a commit whose answer is lost is found again, once', async () => {
  const world = new World()
  const session = await world.writer('a')
  let silent = true
  world.way('a').faults.onCall(({ operation, key }) => {
    if (operation !== 'put' || key !== 'orders/index' || !silent) return undefined
    silent = false
    return { kind: 'lose-answer' }
  })
  await world.until(session.commit(captured(session, { 0: [0, 10] })))
  await session.commit(captured(session, { 0: [10, 20] }))

  expect(await world.restorable()).toEqual({
    0: [
      [0, 10],
      [10, 20],
    ],
  })
})

test.each(['lose-answer', 'fail'] as const)(
  'a commit that the storage never answers (%s, for two minutes) is looked for, and sent again while it may be',
  async (kind) => {
    const world = new World()
    const session = await world.writer('a')
    const until = world.clock.now() + minutes(2)
    world
      .way('a')
      .faults.onCall(({ operation, key }) =>
        operation === 'put' && key === 'orders/index' && world.clock.now() < until
          ? { kind }
          : undefined,
      )

    await world.until(session.commit(captured(session, { 0: [0, 10] })))

    expect(session.nextOffsets()).toEqual(new Map([[0, 10]]))
    expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
  },
)

test('a commit of which nobody knows ends the session; who acquires again finds out', async () => {
  const world = new World()
  const worker = await world.worker('a')
  const session = await worker.acquire('orders', { cluster })
  await session.beginIncarnation(incarnation(1))
  world
    .way('a')
    .faults.onCall(({ operation, key }) =>
      operation === 'put' && key === 'orders/index' ? { kind: 'fail' } : undefined,
    )
  await expect(
    world.until(session.commit(captured(session, { 0: [0, 10] }))),
  ).rejects.toMatchObject({
    code: 'STORAGE_OUTCOME_UNKNOWN',
  })
  world.way('a').faults.clear()
  await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
    code: 'LEASE_LOST',
  })
  await session.release()

  const again = await worker.acquire('orders', { cluster })

  expect(again.nextOffsets()).toEqual(new Map([[0, 0]]))
  await again.commit(captured(again, { 0: [0, 10] }))
  expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
})

test('a commit that arrives after a successor acquired changes nothing', async () => {
  const world = new World()
  const session = await world.writer('a')
  world
    .way('a')
    .faults.onCall(({ operation, key }) =>
      operation === 'put' && key === 'orders/index'
        ? { kind: 'arrive-late', milliseconds: minutes(20) }
        : undefined,
    )
  world
    .way('a')
    .faults.onCall(({ operation }) => (operation === 'put' ? { kind: 'fail' } : undefined))
  const lost = session.commit(captured(session, { 0: [0, 10] }))
  lost.catch(() => undefined)
  await world.pass(minutes(6))
  const successor = await world.writer('b')
  await successor.commit(captured(successor, { 0: [0, 7] }))

  await world.pass(minutes(30))

  await expect(lost).rejects.toMatchObject({ code: 'STORAGE_OUTCOME_UNKNOWN' })
  await successor.commit(captured(successor, { 0: [7, 9] }))
  expect(await world.restorable()).toEqual({
    0: [
      [0, 7],
      [7, 9],
    ],
  })
})

test('a request that arrives twice counts once', async () => {
  const world = new World()
  const session = await world.writer('a')
  world
    .way('a')
    .faults.onCall(({ operation }) =>
      operation === 'put' ? { kind: 'repeat', answer: 'second' } : undefined,
    )
  await world.until(session.commit(captured(session, { 0: [0, 10] })))
  await world.until(session.commit(captured(session, { 0: [10, 20] })))

  expect(await world.restorable()).toEqual({
    0: [
      [0, 10],
      [10, 20],
    ],
  })
})

test('a hold that comes between two commits stays, and the writer goes on', async () => {
  const world = new World()
  const session = await world.writer('a')
  await session.commit(captured(session, { 0: [0, 10] }))
  await hold(world, 'audit')
  await session.commit(captured(session, { 0: [10, 20] }))

  expect(await holds(world)).toEqual([{ name: 'audit' }])
  expect(session.index.holds).toEqual([{ name: 'audit' }])
  expect(await world.restorable()).toEqual({
    0: [
      [0, 10],
      [10, 20],
    ],
  })
})

test('a hold that comes right behind a commit whose answer was lost does not make it be committed twice', async () => {
  const world = new World()
  const session = await world.writer('a')
  let lost = false
  world.way('a').faults.onCall(({ operation, key }) => {
    if (operation !== 'put' || key !== 'orders/index' || lost) return undefined
    lost = true
    return { kind: 'lose-answer' }
  })
  const committing = session.commit(captured(session, { 0: [0, 10] }))
  await world.pass(0)
  await hold(world, 'audit')
  await world.until(committing)
  await session.commit(captured(session, { 0: [10, 20] }))

  expect(lost).toBe(true)
  expect(await holds(world)).toEqual([{ name: 'audit' }])
  expect(await world.restorable()).toEqual({
    0: [
      [0, 10],
      [10, 20],
    ],
  })
})

test('an index that is gone is not made anew; put back, the backup goes on', async () => {
  const world = new World()
  const session = await world.writer('a')
  await session.commit(captured(session, { 0: [0, 10] }))
  const index = world.text('orders/index')
  await world.remove('orders/index')

  await expect(session.commit(captured(session, { 0: [10, 20] }))).rejects.toMatchObject({
    code: 'INDEX_MISSING',
  })
  expect(world.keys()).not.toContain('orders/index')

  await world.replace('orders/index', index)
  await session.commit(captured(session, { 0: [10, 20] }))
  expect(await world.restorable()).toEqual({
    0: [
      [0, 10],
      [10, 20],
    ],
  })
})

test('a folder that is gone stays gone while its writer lives', async () => {
  const world = new World()
  const session = await world.writer('a')
  await session.commit(captured(session, { 0: [0, 10] }))
  await world.removeFolder('orders')

  await expect(session.commit(captured(session, { 0: [10, 20] }))).rejects.toMatchObject({
    code: 'INDEX_MISSING',
  })
  await session.release()
  expect(world.keys().filter((key) => key.startsWith('orders/'))).toEqual([])
})

test('an index that somebody damaged meanwhile is named, and not written over', async () => {
  const world = new World()
  const session = await world.writer('a')
  const damaged = world.text('orders/index').replace('topic-id', 'topic-ix')
  await world.replace('orders/index', damaged)

  await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
    code: 'DATA_CORRUPT',
  })
  expect(world.text('orders/index')).toBe(damaged)
})

test('an older copy of the index, put back meanwhile, ends the session instead of leaving a hole', async () => {
  const world = new World()
  const session = await world.writer('a')
  await session.commit(captured(session, { 0: [0, 10] }))
  const older = world.text('orders/index')
  await session.commit(captured(session, { 0: [10, 20] }))
  await world.replace('orders/index', older)

  await expect(session.commit(captured(session, { 0: [20, 30] }))).rejects.toMatchObject({
    code: 'LEASE_LOST',
    why: 'another copy of the index was put in its place',
  })
  expect(await world.next()).toEqual({ 0: 10 })
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
    why: 'partition 0 goes on at 0, not at 5',
  })
  expect(world.text('orders/index')).toBe(before)
  await session.commit({ ...captured(session, { 0: [5, 10] }), gaps: [gap(0, 0, 5)] })
  expect(await world.next()).toEqual({ 0: 10 })
})

test('what comes behind a gap is fetched next, also by the next writer', async () => {
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

  const histories = session.index.incarnations.map(({ n, topicId, branch }) => [n, topicId, branch])
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
