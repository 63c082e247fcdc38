import { describe, expect, test } from 'vitest'
import { captured, cluster, incarnation } from '../../test/fixtures.ts'
import { afterCrash, ids, type Offsets, source, upload } from '../../test/recovery-fixtures.ts'
import { editIndex } from '../index-file/edit-index.ts'
import type { Index, SegmentEntry } from '../index-file/format/model.ts'
import { topicKeys } from '../layout/keys.ts'
import type { SegmentHeader } from '../segment/format/segment-header.ts'
import { UlidSource } from '../ulid/ulid.ts'

describe('the adoption of segments that a dead writer left', () => {
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

  test('leader epochs of an incarnation that ended do not keep a segment of the next one from being adopted', async () => {
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
    const { session, left } = await afterCrash((world, dead) =>
      upload(world, dead, { 0: [10, 20] }),
    )
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

  test('of what one writer left and the next one fetched again, the one with more offsets is adopted', async () => {
    const { world, session } = await afterCrash((world, dead) =>
      upload(world, dead, { 0: [10, 20] }),
    )
    await session.recover(source())
    const longer = await upload(world, session, { 0: [10, 25] })
    await session.release()
    const third = await (await world.worker('c')).acquire('orders', { cluster })
    expect((await third.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([longer])
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
})
