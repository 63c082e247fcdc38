import { describe, expect, test } from 'vitest'
import { segment, World } from '../../../test/fixtures.ts'
import type { WriterSession } from '../../writing/writer-session.ts'
import type { SegmentEntry } from '../format/model.ts'
import { holdingsOf } from './holdings.ts'
import { segmentEntries } from './pages.ts'

/** A session whose index has a page, after `count` commits of one record each. */
async function paged(
  world: World,
  count: number,
  more: Partial<SegmentEntry> = {},
): Promise<WriterSession> {
  const session = await world.writer('a')
  for (let at = 0; at < count; at++) {
    const entry = segment(session.newSegmentId(), { 0: [at, at + 1] })
    await session.commit({ segment: { ...entry, ...more } })
  }
  expect(session.index.pages).not.toEqual([])
  return session
}

async function mark(
  world: World,
  session: WriterSession,
  { state, count }: { readonly state: 'expired' | 'deleted'; readonly count: number },
): Promise<void> {
  const entries = await Array.fromAsync(segmentEntries(world.memory, session.index))
  const ids = new Set(entries.slice(0, count).map(({ id }) => id))
  await session.changeEntries(ids, (entry) => ({ ...entry, state }))
}

describe('the holdings of a backup', () => {
  test('what expired or was deleted in a page is not counted as what a restore reads', async () => {
    const world = new World()
    const session = await paged(world, 300)

    await mark(world, session, { state: 'expired', count: 10 })
    await mark(world, session, { state: 'deleted', count: 4 })

    const counts = { segments: 290, records: 290, visible: 290, bytes: 290_000, expired: 6 }
    expect(holdingsOf(session.index, 0)).toEqual({ ...counts, exact: true })
  })

  test('records that a consumer sees are summed up over pages', async () => {
    const world = new World()
    const transactional = { flags: ['transactional'], records: 5, visible: 2 }
    const session = await paged(world, 300, transactional)

    expect(holdingsOf(session.index, 0)).toMatchObject({ records: 1500, visible: 600, exact: true })
  })

  test('one segment whose visible records are not known makes the sum an upper bound', async () => {
    const world = new World()
    const session = await paged(world, 300)
    const entry = segment(session.newSegmentId(), { 0: [300, 305] })
    await session.commit({ segment: { ...entry, flags: ['transactional'] } })

    expect(holdingsOf(session.index, 0)).toMatchObject({ records: 305, visible: 305, exact: false })
  })

  test('a page that an earlier version summarized is counted as a whole, as an upper bound', async () => {
    const session = await paged(new World(), 300)
    const pages = session.index.pages.map(({ restorable, ...summary }) => {
      expect(restorable).toBeDefined()
      return summary
    })

    const holdings = holdingsOf({ ...session.index, pages }, 0)
    expect(holdings).toMatchObject({ segments: 300, records: 300, exact: false })
  })

  test('segments of another incarnation are not counted', async () => {
    const session = await paged(new World(), 300)

    expect(holdingsOf(session.index, 1)).toMatchObject({ segments: 0, records: 0, exact: true })
  })
})
