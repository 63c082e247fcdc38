import { describe, expect, test } from 'vitest'
import { captured, cluster, days, incarnation, minutes, World } from '../../test/fixtures.ts'
import { deletePruned } from '../clean-up/delete-pruned.ts'
import { markExpired } from '../retention/prune.ts'
import { parseRetention } from '../retention/retention.ts'
import { UlidSource } from '../ulid/ulid.ts'

/**
 * A topic that was quiet until all its pages had expired; they were replaced, and the old ones
 * are gone.
 */
async function quietTopic(commits: number) {
  const world = new World()
  const worker = await world.worker('a', { retention: parseRetention('30d') })
  const session = await worker.acquire('orders', { cluster })
  await session.beginIncarnation(incarnation(2))
  await session.commit(captured(session, { 0: [0, 1], 1: [0, 1] }))
  for (let at = 1; at < commits; at++) await session.commit(captured(session, { 0: [at, at + 1] }))
  const ids = new UlidSource({ clock: world.clock, random: world.random.fork() })
  const options = { storage: world.storage('a'), clock: world.clock, ids }
  await world.pass(days(31))
  await markExpired('orders', options)
  await world.pass(days(1) + minutes(1))
  await deletePruned(session, options)
  return { world, session }
}

describe('a topic that was quiet for long', () => {
  test.each([
    ['changes the tail', 300],
    ['moves the tail into a page', 384],
  ])(
    'the first commit after a long silence that %s continues from pages that were replaced',
    async (_, commits) => {
      const { world, session } = await quietTopic(commits)

      await session.commit(captured(session, { 0: [commits, commits + 1] }))

      expect(await world.next()).toEqual({ 0: commits + 1, 1: 1 })
    },
  )

  test('a writer that was overtaken reports LEASE_LOST, although the pages that it knew are gone', async () => {
    const { world, session } = await quietTopic(384)
    await world.remove('orders/__lease')
    await world.writer('b')

    await expect(session.commit(captured(session, { 0: [384, 385] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })

  test('a page that is missing although the index is the same is damage', async () => {
    const { world, session } = await quietTopic(300)
    await session.commit(captured(session, { 1: [1, 2] }))
    const [page] = session.index.pages
    if (page === undefined) throw new Error('all segments are in the tail')
    await world.remove(`orders/${page.id}.page`)

    await expect(
      session.changeEntries(new Set([page.ids[0]]), (entry) => entry),
    ).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })
})
