import type { KeyPrefix, ListOptions, StorageBackend } from '@kannery/storage'
import type { StorageCall } from '@kannery/storage-testkit'
import { expect, test } from 'vitest'
import {
  captured,
  cluster,
  days,
  incarnation,
  minutes,
  seconds,
  World,
} from '../../test/fixtures.ts'
import { craft, encode, facts, sampleHeader } from '../../test/segments.ts'
import { editIndex } from '../index-file/edit-index.ts'
import { encodeIndex } from '../index-file/format/index-document.ts'
import type { Index, SegmentEntry } from '../index-file/format/model.ts'
import { writePage } from '../index-file/pages/page-writer.ts'
import { topicKeys } from '../layout/keys.ts'
import type { SegmentHeader } from '../segment/format/segment-header.ts'
import { SegmentWriter } from '../segment/writer.ts'
import { UlidSource } from '../ulid/ulid.ts'
import type { WriterSession } from '../writing/writer-session.ts'
import type { RecoverySource } from './adoption.ts'

type Offsets = Readonly<Record<number, readonly [from: number, next: number, leaderEpoch?: number]>>

/** Uploads a real segment in the name of `session`, and says what its writer would commit. */
async function upload(
  world: World,
  session: WriterSession,
  offsets: Offsets,
  changes: Partial<SegmentHeader> = {},
): Promise<SegmentEntry> {
  const id = session.newSegmentId()
  const current = session.index.incarnations.at(-1)
  const header: SegmentHeader = {
    format: 1,
    requires: { read: [], write: [] },
    topic: session.topic,
    topicId: current?.topicId ?? 'topic-id',
    cluster,
    incarnation: current?.n ?? 0,
    segment: id,
    epoch: session.epoch,
    createdAt: '2026-11-23T07:00:00.000Z',
    writer: session.writer,
    ...changes,
  }
  const key = topicKeys(session.topic).segment(id)
  await using output = await world.memory.openWriter(key, { condition: { kind: 'if-absent' } })
  const writer = new SegmentWriter(output, header)
  for (const [partition, [from, next, leaderEpoch = 0]] of Object.entries(offsets)) {
    const raw = Buffer.from(`records ${from} to ${next} of ${partition}`)
    const chunk = facts({ partition: Number(partition), from, next, leaderEpoch })
    await writer.append(await encode({ facts: chunk, raw }))
  }
  const { captured: fetched, ...sealed } = await writer.finish({ aborted: [] })
  await output.commit()
  const [first, last] = (fetched ?? [0, 0]).map((at) => new Date(at).toISOString())
  return {
    ...sealed,
    id,
    in: header.incarnation,
    captured: [first ?? '', last ?? ''],
    expires: null,
  }
}

/** Kafka: keeps what is not `lost`, and agrees with everything by default. */
function source(
  options: { lost?: Record<number, number>; topicId?: string; agrees?: boolean } = {},
): RecoverySource & { readonly asked: string[] } {
  const { lost = {}, topicId = 'topic-id', agrees = true } = options
  const asked: string[] = []
  return {
    topicId,
    asked,
    async canServe({ partition, from, next }) {
      asked.push(`serve ${partition} ${from}-${next}`)
      return from >= (lost[partition] ?? 0)
    },
    async agrees({ partition, next, leaderEpoch }) {
      asked.push(`agree ${partition} ${next} ${leaderEpoch}`)
      return agrees
    },
  }
}

/** "a" committed [0, 10), uploaded more, and died; "b" has acquired after it. */
async function afterCrash(uploads: (world: World, dead: WriterSession) => Promise<unknown>) {
  const world = new World()
  const dead = await world.writer('a', 'orders', 2)
  await dead.commit({ segment: await upload(world, dead, { 0: [0, 10] }) })
  const left = await uploads(world, dead)
  world.crash('a')
  await world.pass(minutes(6))
  const session = await (await world.worker('b')).acquire('orders', { cluster })
  return { world, dead, session, left }
}

const ids = (objects: readonly { readonly id: string }[]): string[] => objects.map(({ id }) => id)

test('what a dead writer left is fetched again where the source still has it', async () => {
  const { session, left } = await afterCrash((world, dead) => upload(world, dead, { 0: [10, 20] }))
  const kafka = source()

  const verdicts = await session.recover(kafka)

  expect(verdicts.adopted).toEqual([])
  expect(session.nextOffsets().get(0)).toBe(10)
  expect(session.index.garbage).toEqual([
    { id: (left as SegmentEntry).id, kind: 'segment', since: '2026-11-23T07:06:00.000Z' },
  ])
  expect(kafka.asked).toEqual(['serve 0 10-20'])
})

test('what only a dead writer has is adopted, as it would have committed it', async () => {
  const { world, session, left } = await afterCrash((world, dead) =>
    upload(world, dead, { 0: [10, 20, 3], 1: [0, 5, 3] }),
  )

  const verdicts = await session.recover(source({ lost: { 0: 15 } }))

  expect(verdicts).toMatchObject({ adopted: [left], garbage: [], unexplained: [] })
  expect(session.index.segments.at(-1)).toEqual(left)
  expect(session.nextOffsets()).toEqual(
    new Map([
      [0, 20],
      [1, 5],
    ]),
  )
  expect(await world.next()).toEqual({ 0: 20, 1: 5 })
})

test('segments that follow one another are adopted in their order', async () => {
  const { session, left } = await afterCrash(async (world, dead) => [
    await upload(world, dead, { 0: [10, 20] }),
    await upload(world, dead, { 0: [20, 30], 1: [0, 4] }),
    await upload(world, dead, { 1: [4, 8] }),
  ])

  const { adopted } = await session.recover(source({ lost: { 0: 100, 1: 100 } }))

  expect(adopted).toEqual(left)
  expect(session.nextOffsets()).toEqual(
    new Map([
      [0, 30],
      [1, 8],
    ]),
  )
})

test.each<[string, Offsets, Partial<SegmentHeader>]>([
  ['leaves a hole', { 0: [11, 20] }, {}],
  ['covers again what is committed', { 0: [9, 20] }, {}],
  ['covers nothing', { 0: [10, 10] }, {}],
  [
    'is of a writer before the last one that committed, and of an unknown history',
    { 0: [10, 20, -1] },
    { epoch: 0 },
  ],
])(
  'a segment that %s is not adopted, also when it is the only copy',
  async (_, offsets, changes) => {
    const { session, left } = await afterCrash((world, dead) =>
      upload(world, dead, offsets, changes),
    )

    const verdicts = await session.recover(source({ lost: { 0: 100 } }))

    expect(verdicts.adopted).toEqual([])
    expect(ids(verdicts.garbage)).toEqual([(left as SegmentEntry).id])
  },
)

test.each<[string, Partial<SegmentHeader>]>([
  ['cluster', { cluster: 'cluster-two' }],
  ['topic', { topic: 'payments' }],
  ['topic of this name', { topicId: 'of another backup' }],
])(
  'a segment of another %s is neither adopted nor deleted, because a person put it there',
  async (_, changes) => {
    const { session, left } = await afterCrash((world, dead) =>
      upload(world, dead, { 0: [10, 20] }, changes),
    )

    const { adopted, garbage, unexplained } = await session.recover(source({ lost: { 0: 100 } }))

    expect([adopted, garbage]).toEqual([[], []])
    expect(ids(unexplained)).toEqual([(left as SegmentEntry).id])
  },
)

test('acquiring and recovering read segments of strangers once, several at a time', async () => {
  const strangers = 40
  const world = new World()
  const dead = await world.writer('a')
  await dead.commit({ segment: await upload(world, dead, { 0: [0, 10] }) })
  for (let count = 0; count < strangers; count++) {
    await upload(world, dead, { 0: [10, 20] }, { topic: 'payments' })
  }
  await dead.release()
  const isRead = ({ operation, key }: StorageCall): boolean =>
    operation === 'get' && key.endsWith('.kan')
  const { faults } = world.way('b')
  faults.onCall((call) => (isRead(call) ? { kind: 'delay', milliseconds: 1000 } : undefined))
  const worker = await world.worker('b')
  const beganAt = world.clock.now()

  const session = await world.until(worker.acquire('orders', { cluster }))
  const { unexplained } = await world.until(session.recover(source()))

  expect(unexplained).toHaveLength(strangers)
  expect(faults.calls.filter(isRead)).toHaveLength(strangers)
  expect(world.clock.now() - beganAt).toBeLessThan(seconds(strangers / 4))
})

test('what is adopted expires as if it had been committed now', async () => {
  const { session } = await afterCrash(async (world, dead) => {
    const ids = new UlidSource({ clock: world.clock, random: world.random.fork() })
    const edit = (index: Index): Index => ({ ...index, retention: { after: '30d' } })
    await editIndex(world.memory, 'orders', { ids, edit })
    await upload(world, dead, { 0: [10, 20] })
  })

  await session.recover(source({ lost: { 0: 100 } }))

  expect(session.index.segments.map(({ expires }) => expires)).toEqual([
    null,
    '2026-12-23T07:06:00.000Z',
  ])
})

test('a segment that the history of the source contradicts is not adopted', async () => {
  const { session } = await afterCrash((world, dead) => upload(world, dead, { 0: [10, 20, 4] }))
  const kafka = source({ lost: { 0: 15 }, agrees: false })

  expect((await session.recover(kafka)).adopted).toEqual([])
  expect(kafka.asked).toContain('agree 0 20 4')
})

test('a segment of an older leader than the last committed one is not adopted', async () => {
  const { session } = await afterCrash(async (world, dead) => {
    await dead.commit({ segment: await upload(world, dead, { 0: [10, 20, 7] }) })
    return await upload(world, dead, { 0: [20, 30, 6] })
  })

  expect((await session.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([])
})

test('a segment of an older leader than the last batch is not adopted, also where only a page names that batch', async () => {
  const { session } = await afterCrash(async (world, dead) => {
    await dead.commit({ segment: await upload(world, dead, { 0: [10, 20, 7] }) })
    for (let at = 0; at < 260; at++) await dead.commit(captured(dead, { 1: [at, at + 1] }))
    return await upload(world, dead, { 0: [20, 30, 6] })
  })
  expect(session.index.segments.some(({ offsets }) => 0 in offsets)).toBe(false)
  expect(session.lastLeaderEpochs()).toEqual(
    new Map([
      [0, 7],
      [1, 0],
    ]),
  )
  expect((await session.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([])
})

test('leader epochs of a life that ended do not keep a segment of the next one from being adopted', async () => {
  const { session, left } = await afterCrash(async (world, dead) => {
    await dead.commit({ segment: await upload(world, dead, { 0: [10, 20, 7] }) })
    await dead.beginIncarnation(incarnation(1, 'created again'))
    return await upload(world, dead, { 0: [0, 10, 1] })
  })
  const kafka = source({ lost: { 0: 100 }, topicId: 'created again' })
  expect((await session.recover(kafka)).adopted).toEqual([left])
  expect(session.lastLeaderEpochs()).toEqual(new Map([[0, 1]]))
})

test('a segment of a topic that was deleted at its source is adopted, and the source is not asked about it', async () => {
  const { session, left } = await afterCrash((world, dead) => upload(world, dead, { 0: [10, 20] }))
  const kafka = source({ topicId: 'created again' })

  expect((await session.recover(kafka)).adopted).toEqual([left])
  expect(kafka.asked).toEqual([])
  await session.beginIncarnation(incarnation(1, 'created again'))
  expect(session.nextOffsets()).toEqual(new Map([[0, 0]]))
})

test('a segment that covers nothing is not adopted, even of a topic that was deleted', async () => {
  const { session } = await afterCrash((world, dead) => upload(world, dead, { 0: [10, 10] }))

  expect((await session.recover(source({ topicId: 'created again' }))).adopted).toEqual([])
})

test('a segment of a branch that ended is not adopted', async () => {
  const { session } = await afterCrash(async (world, dead) => {
    await dead.beginIncarnation(incarnation(1))
    return await upload(world, dead, { 0: [0, 10] }, { incarnation: 0 })
  })
  expect((await session.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([])
})

test('a segment with a damaged byte is not adopted', async () => {
  const { session } = await afterCrash(async (world, dead) => {
    const { id } = await upload(world, dead, { 0: [10, 20] })
    const key = topicKeys('orders').segment(id)
    const bytes = Buffer.from(world.memory.contents().get(key) ?? [])
    const at = bytes.indexOf('records 10')
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await world.replace(key, bytes)
  })

  const verdicts = await session.recover(source({ lost: { 0: 100 } }))

  expect(verdicts.adopted).toEqual([])
  expect(verdicts.garbage).toHaveLength(1)
})

test('what is no segment at all, but is called like one, is garbage', async () => {
  const { session } = await afterCrash(async (world, dead) => {
    await world.replace(topicKeys('orders').segment(dead.newSegmentId()), 'not a segment')
    await world.replace(topicKeys('orders').page(dead.newSegmentId()), 'not a page')
    await world.replace('orders/notes.txt', 'mine')
  })

  const { garbage } = await session.recover(source())

  expect(garbage.map(({ kind }) => kind)).toEqual(['segment', 'page'])
})

test('writers that died without committing do not keep what came before them from being adopted', async () => {
  const { world, session, left } = await afterCrash((world, dead) =>
    upload(world, dead, { 0: [10, 20] }),
  )
  await session.release()
  const third = await (await world.worker('c')).acquire('orders', { cluster })

  expect((await third.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([left])
})

test('what a sleeper uploads after its successor recovered is adopted by the next one', async () => {
  const { world, dead, session } = await afterCrash(async () => undefined)
  await session.recover(source())
  await session.commit(captured(session, { 1: [0, 5] }))
  const late = await upload(world, dead, { 0: [10, 20] })
  await session.release()
  const third = await (await world.worker('c')).acquire('orders', { cluster })
  expect((await third.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([late])
})

test('a segment in a later format is left alone', async () => {
  const { session } = await afterCrash(async (world, dead) => {
    const later = { ...sampleHeader, format: 2 }
    const footer = {
      header: later,
      chunks: [],
      aborted: [],
      coverage: {},
      captured: null,
      maxBatchBytes: 0,
    }
    const key = topicKeys('orders').segment(dead.newSegmentId())
    await world.replace(key, craft({ header: later, footer }))
  })

  const verdicts = await session.recover(source())

  expect(verdicts).toMatchObject({ garbage: [], unexplained: [{ kind: 'segment' }] })
})

test('where nothing was left, nothing is written', async () => {
  const { world, session } = await afterCrash(async () => undefined)
  const before = world.text('orders/index')

  expect(await session.recover(source())).toMatchObject({ adopted: [], garbage: [] })
  expect(world.text('orders/index')).toBe(before)
})

test('what became garbage because the source had it is adopted when the source has lost it', async () => {
  const { world, session, left } = await afterCrash((world, dead) =>
    upload(world, dead, { 0: [10, 20] }),
  )
  expect((await session.recover(source())).garbage).toHaveLength(1)
  await session.release()
  const third = await (await world.worker('c')).acquire('orders', { cluster })

  expect(await third.recover(source({ lost: { 0: 100 } }))).toMatchObject({ adopted: [left] })

  expect(third.index).toMatchObject({ garbage: [], segments: [{}, left] })
  expect(third.nextOffsets().get(0)).toBe(20)
})

test('what is garbage already stays so while the source has it, since when it was', async () => {
  const { world, session } = await afterCrash((world, dead) => upload(world, dead, { 0: [10, 20] }))
  await session.recover(source())
  const { garbage } = session.index
  await session.release()
  await world.pass(minutes(60))
  const third = await (await world.worker('c')).acquire('orders', { cluster })
  expect(await third.recover(source())).toMatchObject({ adopted: [], garbage: [] })
  expect(third.index.garbage).toEqual(garbage)
})

test('garbage whose grace is about to end is not adopted, because a deletion may have begun', async () => {
  const { world, session } = await afterCrash((world, dead) => upload(world, dead, { 0: [10, 20] }))
  await session.recover(source())
  await session.release()
  await world.pass(days(1) - minutes(4))
  const third = await (await world.worker('c')).acquire('orders', { cluster })
  expect((await third.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([])
  expect(third.index.garbage).toHaveLength(1)
})

test('of what one writer left and the next one fetched again, the one with more offsets is adopted', async () => {
  const { world, session } = await afterCrash((world, dead) => upload(world, dead, { 0: [10, 20] }))
  await session.recover(source())
  const longer = await upload(world, session, { 0: [10, 25] })
  await session.release()
  const third = await (await world.worker('c')).acquire('orders', { cluster })
  expect((await third.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([longer])
})

test('ids grow past those of objects that no index names', async () => {
  const { session, left } = await afterCrash(async (world, dead) => {
    const id = '7000000000000000000000000A'
    await world.replace(`orders/${id}.kan`, 'from far away')
    return { id, epoch: dead.epoch }
  })
  await session.recover(source())

  expect(session.newSegmentId() > (left as { id: string }).id).toBe(true)
})

test('a partition that was born after the last commit is adopted with its segment', async () => {
  const { session } = await afterCrash((world, dead) =>
    upload(world, dead, { 0: [10, 20], 2: [0, 3] }),
  )
  await session.recover(source({ lost: { 0: 100 } }))

  expect(session.index.incarnations.at(-1)?.partitions).toBe(3)
  expect(session.nextOffsets()).toEqual(
    new Map([
      [0, 20],
      [1, 0],
      [2, 3],
    ]),
  )
})

test('segments that pages name are not leftovers, where a listing begins before it was asked to', async () => {
  const world = new World()
  const writer = await world.writer('a')
  for (let at = 0; at < 260; at++) {
    const { segment } = captured(writer, { 0: [at, at + 1] })
    await world.replace(topicKeys('orders').segment(segment.id), 'a segment')
    await writer.commit({ segment })
  }
  await writer.release()
  const storage = world.memory.anotherHandle()
  const list = storage.list.bind(storage)
  storage.list = (prefix: KeyPrefix, { depth }: ListOptions) => list(prefix, { depth })
  const session = await (await world.worker('b', { storage })).acquire('orders', { cluster })

  expect(session.index.pages).toHaveLength(1)
  expect(await session.recover(source())).toMatchObject({ adopted: [], garbage: [] })
})

test('a page that a dead writer uploaded in vain is garbage; one that only other pages name is not', async () => {
  const world = new World()
  const writer = await world.writer('a')
  for (let at = 0; at < 300; at++) await writer.commit(captured(writer, { 0: [at, at + 1] }))
  const { index, topic, epoch, writer: name } = writer
  const tools = (storage: StorageBackend) => ({
    storage,
    topic,
    epoch,
    writer: name,
    newId: () => writer.newSegmentId(),
  })
  const [first] = index.pages
  if (first === undefined) throw new Error('there is a page')
  // As a change to an entry leaves it: younger than the segments, and named by other pages only.
  const next = { 0: 128 }
  const inner = await writePage(tools(world.memory), {
    in: 0,
    next,
    segments: index.segments.slice(0, 5),
  })
  const outer = await writePage(tools(world.memory), { in: 0, next, pages: [inner] })
  const outermost = await writePage(tools(world.memory), { in: 0, next, pages: [outer] })
  const inVain = await writePage(tools(world.memory), {
    in: 0,
    next,
    segments: index.segments.slice(0, 1),
  })
  await world.replace('orders/index', encodeIndex({ ...index, pages: [outermost] }))
  await writer.release()
  const session = await (await world.worker('b')).acquire('orders', { cluster })

  const { garbage } = await session.recover(source())

  const pages = garbage.filter(({ kind }) => kind === 'page')
  expect(ids(pages)).toEqual([first.id, inVain.id].toSorted())
})
