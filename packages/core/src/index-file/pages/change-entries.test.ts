import { describe, expect, test } from 'vitest'
import { segment, World } from '../../../test/fixtures.ts'
import { collect } from '../../../test/segments.ts'
import type { Ulid } from '../../ulid/ulid.ts'
import type { WriterSession } from '../../writing/writer-session.ts'
import type { SegmentEntry } from '../format/model.ts'
import { withChangedEntries } from './change-entries.ts'
import { writePage } from './page-writer.ts'
import { segmentEntries } from './pages.ts'

const expire = (entry: SegmentEntry): SegmentEntry => ({ ...entry, state: 'expired' })

/** A session after `count` commits of one offset each. */
async function after(world: World, count: number): Promise<WriterSession> {
  const session = await world.writer('a')
  for (let at = 0; at < count; at++) {
    await session.commit({ segment: segment(session.newSegmentId(), { 0: [at, at + 1] }) })
  }
  return session
}

async function states(world: World, session: WriterSession): Promise<Record<number, string>> {
  const entries = await collect(segmentEntries(world.memory, session.index))
  const expired = entries.filter(({ state }) => state !== undefined)
  return Object.fromEntries(expired.map(({ offsets, state }) => [offsets[0]?.[0], state ?? '']))
}

async function idsAt(
  world: World,
  session: WriterSession,
  ...offsets: number[]
): Promise<Set<Ulid>> {
  const entries = await collect(segmentEntries(world.memory, session.index))
  return new Set(offsets.map((offset) => entries[offset]?.id as Ulid))
}

describe('changes to entries in pages', () => {
  test('a change to an entry in a page writes a new page, and the old one is garbage in the same commit', async () => {
    const world = new World()
    const session = await after(world, 400)
    const [before] = session.index.pages
    const ids = await idsAt(world, session, 5, 399)

    await session.changeEntries(ids, expire)

    const { pages, garbage } = session.index
    expect(await states(world, session)).toEqual({ 5: 'expired', 399: 'expired' })
    expect(garbage).toEqual([{ id: before?.id, kind: 'page', since: '2026-11-23T07:00:00.000Z' }])
    expect(pages[0]?.id).not.toBe(before?.id)
    expect(pages.slice(1)).toEqual(session.index.pages.slice(1))
    expect(world.keys()).toContain(`orders/${before?.id}.page`)
    expect(await world.next('orders')).toEqual({ 0: 400 })
  })

  test('pages without such an entry are left alone, and unread when their ids do not reach so far', async () => {
    const world = new World()
    const session = await after(world, 400)
    const { pages } = session.index

    await session.changeEntries(await idsAt(world, session, 399), expire)

    expect(session.index.pages).toEqual(pages)
    expect(session.index.garbage).toEqual([])
  })

  test('a change below a page of level 2 replaces the pages of both levels', async () => {
    const world = new World()
    const session = await after(world, 400)
    const { index, topic, epoch, writer: name } = session
    const storage = world.memory
    const writer = { storage, topic, epoch, writer: name, newId: () => session.newSegmentId() }
    const level2 = await writePage(writer, { in: 0, next: { 0: 256 }, pages: index.pages })
    const deep = { ...index, pages: [level2] }
    const ids = await idsAt(world, session, 200)

    const changed = await withChangedEntries(deep, {
      ids,
      change: expire,
      since: '2026-11-23T07:00:00.000Z',
      writer,
    })

    const entries = await collect(segmentEntries(storage, changed))
    expect(entries.map(({ offsets }) => offsets[0]?.[0])).toEqual([...Array(400).keys()])
    expect(entries.flatMap(({ state }, at) => (state === 'expired' ? [at] : []))).toEqual([200])
    expect(changed.pages).toHaveLength(1)
    expect(changed.garbage.map(({ id }) => id)).toEqual([level2.id, index.pages[1]?.id])
    const { segments, records, ids: range } = level2
    expect(changed.pages[0]).toMatchObject({ level: 2, segments, records, ids: range })
  })
})
