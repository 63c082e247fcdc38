import { describe, expect, test } from 'vitest'
import { cluster, incarnation, seconds, World } from '../../test/fixtures.ts'
import { rebuild } from '../../test/rebuild-fixtures.ts'
import { stored, uploaded } from '../../test/stored-segments.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'

const keys = topicKeys('orders')

/**
 * A backup of so many runs, each under its own epoch, over which the index of run `upTo` was put
 * back.
 */
async function withOldIndex({ runs, upTo }: { readonly runs: number; readonly upTo: number }) {
  const world = new World()
  let old = ''
  for (let run = 0; run < runs; run++) {
    const session = await world.writer(`run-${run}`)
    await stored(world, session, { 0: [run * 10, run * 10 + 10] })
    await session.release()
    if (run + 1 === upTo) old = world.text(keys.index)
  }
  await world.replace(keys.index, old)
  return { world, old }
}

describe('an old index that was put back', () => {
  test('an old index that is put back stops every backup, and stays as it is', async () => {
    const { world, old } = await withOldIndex({ runs: 4, upTo: 1 })
    for (const name of ['next', 'the one after it']) {
      await expect(world.writer(name)).rejects.toMatchObject({
        code: 'INDEX_OUTDATED',
        facts: { topic: 'orders', epoch: 1, segmentEpoch: 2 },
      })
    }
    expect(world.text(keys.index)).toBe(old)
    expect(world.keys()).not.toContain(keys.lease)
  })

  test('an old index that does not have the incarnation of a segment stops the backup, also within one epoch', async () => {
    const world = new World()
    const session = await world.writer('a')
    await stored(world, session, { 0: [0, 10] })
    const old = world.text(keys.index)
    await session.beginIncarnation(incarnation(1, 'created again'))
    await stored(world, session, { 0: [0, 5] })
    await session.release()
    await world.replace(keys.index, old)

    await expect(world.writer('next')).rejects.toMatchObject({ code: 'INDEX_OUTDATED' })
  })

  test('an old index is rebuilt from its segments, and keeps its holds and points', async () => {
    const { world } = await withOldIndex({ runs: 4, upTo: 2 })
    await world.hold('audit')

    await rebuild(world)

    expect(await world.restorable()).toEqual({
      0: [
        [0, 10],
        [10, 20],
        [20, 30],
        [30, 40],
      ],
    })
    expect(await world.holds()).toEqual(['audit'])
    const next = await world.writer('next')
    expect(next.epoch).toBe(6)
    expect(next.nextOffsets()).toEqual(new Map([[0, 40]]))
  })

  test('an index is not called old because a successor takes the epoch while it is opened', async () => {
    const world = new World()
    await (await world.writer('a')).release()
    const slow = await world.worker('slow')
    world
      .way('slow')
      .faults.onCall(({ operation }) =>
        operation === 'list' ? { kind: 'delay', milliseconds: seconds(10) } : undefined,
      )
    const acquiring = slow.acquire('orders', { cluster })
    acquiring.catch(() => undefined)
    await world.pass(seconds(5))
    await world.remove(keys.lease)
    const successor = await world.writer('successor')
    await uploaded(world, successor, { 0: [0, 10] })

    await expect(world.until(acquiring)).rejects.toMatchObject({ code: 'LEASE_LOST' })
    expect((await readIndex(world.memory, 'orders'))?.index.writer).toBe(successor.writer)
  })
})
