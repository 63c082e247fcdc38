import { expect, test } from 'vitest'
import { cluster, days, incarnation, minutes, World } from '../../test/fixtures.ts'
import { stored, uploaded } from '../../test/stored-segments.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import type { Retention } from '../retention/retention.ts'
import type { Ulid } from '../ulid/ulid.ts'
import type { WriterSession } from '../writing/writer-session.ts'
import { planRebuild, rebuildIndex } from './rebuild-index.ts'

const keys = topicKeys('orders')
const keep: Retention = { kind: 'keep' }

/** A backup of two partitions, and of three segments. */
async function backup(): Promise<{ readonly world: World; readonly writer: WriterSession }> {
  const world = new World()
  const writer = await world.writer('a', 'orders', 2)
  await stored(world, writer, { 0: [0, 10], 1: [0, 5] })
  await stored(world, writer, { 0: [10, 20] })
  await stored(world, writer, { 0: [20, 30], 1: [5, 6] })
  return { world, writer }
}

async function rebuild(world: World, retention = keep, name = 'rebuilder') {
  const storage = world.storage(name)
  await using worker = await world.worker(name, { storage })
  return await rebuildIndex('orders', { storage, worker, retention })
}

function damage(world: World, id: Ulid, at: (size: number) => number): Promise<void> {
  const key = keys.segment(id)
  const bytes = Buffer.from(world.memory.contents().get(key) ?? [])
  const position = at(bytes.length)
  bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position)
  return world.replace(key, bytes)
}

test('a lost index is rebuilt from the segments, and the backup continues where it was', async () => {
  const { world, writer } = await backup()
  const before = await world.restorable()
  await writer.release()
  await world.remove(keys.index)

  const { plan } = await rebuild(world)

  expect(await world.restorable()).toEqual(before)
  expect(plan).toMatchObject({ epoch: 2, leftOut: [], damages: [] })
  expect(world.keys()).not.toContain(keys.lease)
  const next = await world.writer('b')
  expect(next.epoch).toBe(3)
  expect(next.nextOffsets()).toEqual(
    new Map([
      [0, 30],
      [1, 6],
    ]),
  )
  await stored(world, next, { 0: [30, 40] })
})

test('a damaged index is replaced, and its previous writer cannot commit any more', async () => {
  const { world, writer } = await backup()
  const before = await world.restorable()
  await world.replace(keys.index, world.text(keys.index).replace('epoch: 1', 'epoch: 9'))
  await world.remove(keys.lease)

  await rebuild(world)

  expect(await world.restorable()).toEqual(before)
  // The greatest that anything says, also what is damaged.
  expect(await world.epoch()).toBe(10)
  await expect(stored(world, writer, { 0: [30, 40] })).rejects.toMatchObject({ code: 'LEASE_LOST' })
})

test('an index that is whole is left alone', async () => {
  const { world, writer } = await backup()
  await writer.release()
  const before = world.text(keys.index)

  await expect(rebuild(world)).rejects.toMatchObject({ code: 'INDEX_WHOLE' })
  await expect(planRebuild(world.memory, 'orders')).rejects.toMatchObject({ code: 'INDEX_WHOLE' })
  expect(world.text(keys.index)).toBe(before)
})

test('an index without a commit, beside segments that it does not name, is replaced', async () => {
  const world = new World()
  const writer = await (await world.worker('a')).acquire('orders', { cluster })
  const untouched = world.text(keys.index)
  await writer.beginIncarnation(incarnation(1))
  await stored(world, writer, { 0: [0, 10] })
  await writer.release()
  await world.replace(keys.index, untouched)

  await rebuild(world)

  expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
})

test('what is not an index is left alone', async () => {
  const { world, writer } = await backup()
  await writer.release()
  await world.replace(keys.index, '# somebody’s notes\n')

  await expect(rebuild(world)).rejects.toMatchObject({ code: 'INDEX_FOREIGN' })
  expect(world.text(keys.index)).toBe('# somebody’s notes\n')
})

test('a folder without segments gets no index', async () => {
  const world = new World()
  await expect(rebuild(world)).rejects.toMatchObject({ code: 'INDEX_MISSING' })
  expect(world.keys()).toEqual([])
})

test('a rebuild changes nothing while the topic is being written', async () => {
  const { world } = await backup()
  await world.remove(keys.index)
  await expect(rebuild(world)).rejects.toMatchObject({ code: 'LEASE_HELD' })
  expect(world.keys()).not.toContain(keys.index)
})

test('a plan writes nothing, beside a writer too', async () => {
  const { world } = await backup()
  await world.remove(keys.index)
  const before = world.keys()
  const { arrangement } = await planRebuild(world.memory, 'orders')
  expect(arrangement.segments).toHaveLength(3)
  expect(world.keys()).toEqual(before)
})

test('a rebuild of hundreds of segments writes new pages, and the old ones are garbage', async () => {
  const world = new World()
  const writer = await world.writer('a')
  for (let at = 0; at < 300; at++) await stored(world, writer, { 0: [at, at + 1] })
  const pages = writer.index.pages.map(({ id }) => id)
  expect(pages.length).toBeGreaterThan(0)
  await writer.release()
  const before = await world.restorable()
  await world.remove(keys.index)
  for (const id of pages) await world.replace(keys.page(id), 'nobody looks in here')

  const { index } = await rebuild(world)

  expect(await world.restorable()).toEqual(before)
  expect(index.pages.length).toBeGreaterThan(0)
  expect(index.garbage.map(({ id }) => id)).toEqual(pages)
  expect(await world.next()).toEqual({ 0: 300 })
})

test('a segment that was not committed is narrowed to offsets that no other segment has', async () => {
  const world = new World()
  const dead = await world.writer('dead')
  await stored(world, dead, { 0: [0, 10] })
  await uploaded(world, dead, { 0: [10, 60] })
  await world.remove(keys.lease)
  const successor = await world.writer('b')
  await stored(world, successor, { 0: [10, 40] })
  await successor.release()
  await world.remove(keys.index)

  const { index } = await rebuild(world)

  expect(await world.restorable()).toEqual({
    0: [
      [0, 10],
      [10, 40],
      [40, 60],
    ],
  })
  expect(index.garbage).toEqual([])
})

test('what others hold altogether is garbage', async () => {
  const world = new World()
  const dead = await world.writer('dead')
  const abandoned = await uploaded(world, dead, { 0: [0, 10] })
  await world.remove(keys.lease)
  const successor = await world.writer('b')
  await stored(world, successor, { 0: [0, 20] })
  await successor.release()
  await world.remove(keys.index)

  const { index } = await rebuild(world)

  expect(await world.restorable()).toEqual({ 0: [[0, 20]] })
  expect(index.garbage).toMatchObject([{ id: abandoned.segment.id, kind: 'segment' }])
})

test('a missing segment leaves a gap that is reported', async () => {
  const { world, writer } = await backup()
  const lost = writer.index.segments[1]?.id as Ulid
  await writer.release()
  await world.remove(keys.index, keys.segment(lost))

  const { index } = await rebuild(world)

  expect(index.gaps).toMatchObject([{ in: 0, partition: 0, offsets: [10, 20], reason: 'unknown' }])
  expect(await world.next()).toEqual({ 0: 30, 1: 6 })
})

test('partitions of which the oldest segments are gone begin where there is something', async () => {
  const { world, writer } = await backup()
  await writer.release()
  await world.remove(keys.index, keys.segment(writer.index.segments[0]?.id as Ulid))
  const { index } = await rebuild(world)
  expect(index.incarnations).toMatchObject([{ partitions: 2, start: { 0: 10, 1: 5 } }])
})

test.each<[string, (size: number) => number]>([
  ['in a chunk', (size) => Math.floor(size / 3)],
  ['in its footer', (size) => size - 30],
])('a segment that is damaged %s is told, and named all the same', async (_, at) => {
  const { world, writer } = await backup()
  const id = writer.index.segments[1]?.id as Ulid
  await writer.release()
  const before = await world.restorable()
  await world.remove(keys.index)
  await damage(world, id, at)

  const { plan } = await rebuild(world)

  expect(plan.damages.map(({ key }) => key)).toContain(keys.segment(id))
  expect(await world.restorable()).toEqual(before)
})

test('a segment of which nothing can be read is left out and reported', async () => {
  const { world, writer } = await backup()
  const id = writer.index.segments[1]?.id as Ulid
  await writer.release()
  await world.remove(keys.index)
  await world.replace(keys.segment(id), 'no segment')

  const { plan } = await rebuild(world)

  expect(plan.leftOut).toEqual([{ key: keys.segment(id), why: 'its header is damaged' }])
  expect(world.memory.contents().has(keys.segment(id))).toBe(true)
})

test('whole segments come before a damaged one, whatever their epochs', async () => {
  const world = new World()
  const first = await world.writer('a')
  await uploaded(world, first, { 0: [0, 10] })
  await world.remove(keys.lease)
  const second = await world.writer('b')
  const { id } = await stored(world, second, { 0: [0, 10] })
  await second.release()
  await world.remove(keys.index)
  await damage(world, id, (size) => Math.floor(size / 3))

  const { index } = await rebuild(world)

  expect(index.segments.map((entry) => entry.id)).not.toContain(id)
  expect(await world.restorable()).toEqual({ 0: [[0, 10]] })
})

test.each([
  ['topic', { topic: 'payments' }, 'it is of topic "payments"'],
  ['cluster', { cluster: 'cluster-two' }, 'it is of the cluster cluster-two'],
  [
    'topic of that name',
    { topicId: 'another' },
    'it is of another topic with this name (id another)',
  ],
])('a segment of another %s stays out, and is told', async (_, changes, why) => {
  const { world, writer } = await backup()
  const before = await world.restorable()
  // Of an epoch before all others, as what lies in the wrong folder may be.
  const { segment } = await uploaded(world, writer, { 0: [30, 40] }, { ...changes, epoch: 0 })
  await writer.release()
  await world.remove(keys.index)

  const { plan } = await rebuild(world)

  expect(plan.leftOut).toEqual([{ key: keys.segment(segment.id), why }])
  expect(await world.restorable()).toEqual(before)
})

test('both lives of a topic that was created again are there', async () => {
  const { world, writer } = await backup()
  await writer.beginIncarnation(incarnation(1, 'second-life'))
  await stored(world, writer, { 0: [0, 7] })
  await writer.release()
  const segments = (await readIndex(world.memory, 'orders'))?.index.segments
  await world.remove(keys.index)

  const { index } = await rebuild(world)

  expect(index.incarnations).toMatchObject([
    { n: 0, topicId: 'topic-id', partitions: 2 },
    { n: 1, topicId: 'second-life', partitions: 1 },
  ])
  expect(index.segments).toEqual(segments)
})

test('both histories of a log that was truncated are there, as branches of one topic id', async () => {
  const { world, writer } = await backup()
  await writer.beginIncarnation(incarnation(1, 'topic-id'))
  await stored(world, writer, { 0: [0, 7] })
  await writer.release()
  await world.remove(keys.index)

  const { index } = await rebuild(world)

  expect(index.incarnations).toMatchObject([
    { n: 0, topicId: 'topic-id', branch: 0 },
    { n: 1, topicId: 'topic-id', branch: 1 },
  ])
})

test('segments expire by the retention that is given, counted from now', async () => {
  const { world, writer } = await backup()
  await writer.release()
  await world.remove(keys.index)
  await world.pass(days(50))

  const { index } = await rebuild(world, { kind: 'delete', after: '30d', afterMs: days(30) })

  expect(index.retention).toEqual({ after: '30d' })
  const least = new Date(world.clock.now() + days(30) - minutes(1)).toISOString()
  for (const { expires } of index.segments) expect(expires).toSatisfy((at) => String(at) > least)
})

test('a rebuild that slept before its write does not overwrite another index', async () => {
  const { world, writer } = await backup()
  await writer.release()
  await world.remove(keys.index)
  let written = ''
  const storage = world.storage('sleeper')
  const put: typeof storage.put = async (key, body, options) => {
    if (key === keys.index) {
      await world.remove(keys.lease)
      await rebuild(world)
      written = world.text(keys.index)
    }
    return await storage.put(key, body, options)
  }
  const sleepy = new Proxy(storage, {
    get(target, property) {
      if (property === 'put') return put
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  await using worker = await world.worker('sleeper')
  await expect(
    rebuildIndex('orders', { storage: sleepy, worker, retention: keep }),
  ).rejects.toMatchObject({ code: 'STORAGE_PRECONDITION_FAILED' })
  expect(world.text(keys.index)).toBe(written)
})

test('a rebuild whose lease is over by its own clock writes nothing', async () => {
  const { world, writer } = await backup()
  await writer.release()
  await world.remove(keys.index)
  const storage = world.storage('rebuilder')
  const worker = await world.worker('rebuilder', { storage })
  world
    .way('rebuilder')
    .faults.onCall((call) =>
      call.key.startsWith('~workers/') && call.nth > 1 ? { kind: 'fail' } : undefined,
    )
  let late = false
  const slow = new Proxy(storage, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      if (property !== 'list') return value.bind(target)
      return (...request: Parameters<typeof storage.list>) => {
        late = true
        return after(world.clock.sleep(minutes(10)), () => storage.list(...request))
      }
    },
  })
  const rebuilding = rebuildIndex('orders', { storage: slow, worker, retention: keep })
  await expect(world.until(rebuilding)).rejects.toMatchObject({ code: 'LEASE_LOST' })
  world.way('rebuilder').faults.clear()
  expect(late).toBe(true)
  expect(world.keys()).not.toContain(keys.index)
})

async function* after<T>(first: Promise<void>, then: () => AsyncIterable<T>): AsyncGenerator<T> {
  await first
  yield* then()
}

test('cut off before any of its writes, it leaves what the next one begins with', async () => {
  const { world, writer } = await backup()
  await writer.release()
  await world.remove(keys.index)
  for (let cut = 1; ; cut++) {
    const name = `cut-${cut}`
    let writes = 0
    world.way(name).faults.onCall((call) => {
      if (call.operation !== 'put' && call.operation !== 'delete') return undefined
      writes++
      return writes >= cut ? { kind: 'hang', applied: false } : undefined
    })
    const outcome = rebuild(world, keep, name).then(
      () => 'ended',
      () => 'failed',
    )
    const result = await Promise.race([outcome, world.pass(minutes(30)).then(() => 'cut')])
    if ((await readIndex(world.memory, 'orders')) !== undefined) {
      expect(cut).toBeGreaterThan(2)
      expect(await world.next()).toEqual({ 0: 30, 1: 6 })
      expect(['cut', 'ended', 'failed']).toContain(result)
      break
    }
    world.crash(name)
    await world.remove(keys.lease)
  }
})

test('an answer that is lost costs nothing', async () => {
  const { world, writer } = await backup()
  await writer.release()
  await world.remove(keys.index)
  let lost = false
  world.way('rebuilder').faults.onCall((call) => {
    if (lost || call.operation !== 'put' || call.key !== keys.index) return undefined
    lost = true
    return { kind: 'lose-answer' }
  })
  await world.until(rebuild(world))
  expect(lost).toBe(true)
  expect(await world.next()).toEqual({ 0: 30, 1: 6 })
})
