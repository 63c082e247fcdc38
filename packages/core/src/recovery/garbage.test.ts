import type { StorageBackend } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { captured, cluster, days, minutes, World } from '../../test/fixtures.ts'
import { afterCrash, ids, source, upload } from '../../test/recovery-fixtures.ts'
import { encodeIndex } from '../index-file/format/index-document.ts'
import { writePage } from '../index-file/pages/page-writer.ts'
import { topicKeys } from '../layout/keys.ts'

describe('the garbage of a recovery', () => {
  test('what is no segment at all, but is called like one, is garbage', async () => {
    const { session } = await afterCrash(async (world, dead) => {
      await world.replace(topicKeys('orders').segment(dead.newSegmentId()), 'not a segment')
      await world.replace(topicKeys('orders').page(dead.newSegmentId()), 'not a page')
      await world.replace('orders/notes.txt', 'mine')
    })

    const { garbage } = await session.recover(source())

    expect(garbage.map(({ kind }) => kind)).toEqual(['segment', 'page'])
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
    const { world, session } = await afterCrash((world, dead) =>
      upload(world, dead, { 0: [10, 20] }),
    )
    await session.recover(source())
    const { garbage } = session.index
    await session.release()
    await world.pass(minutes(60))
    const third = await (await world.worker('c')).acquire('orders', { cluster })
    expect(await third.recover(source())).toMatchObject({ adopted: [], garbage: [] })
    expect(third.index.garbage).toEqual(garbage)
  })

  test('garbage whose grace is about to end is not adopted, because a deletion may have begun', async () => {
    const { world, session } = await afterCrash((world, dead) =>
      upload(world, dead, { 0: [10, 20] }),
    )
    await session.recover(source())
    await session.release()
    await world.pass(days(1) - minutes(4))
    const third = await (await world.worker('c')).acquire('orders', { cluster })
    expect((await third.recover(source({ lost: { 0: 100 } }))).adopted).toEqual([])
    expect(third.index.garbage).toHaveLength(1)
  })

  test('a page that a dead writer uploaded and no index names is garbage; one that other pages name is not', async () => {
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
})
