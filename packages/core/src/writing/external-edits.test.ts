import { describe, expect, test } from 'vitest'
import { captured, World } from '../../test/fixtures.ts'

describe('a writer whose index is edited', () => {
  test('a backup that was started again in its folder is another one, also with the same epoch', async () => {
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

  test('a hold that comes between two commits stays, and the writer continues', async () => {
    const world = new World()
    const session = await world.writer('a')
    await session.commit(captured(session, { 0: [0, 10] }))
    await world.hold('audit')
    await session.commit(captured(session, { 0: [10, 20] }))

    expect(await world.holds()).toEqual(['audit'])
    expect(session.index.holds).toEqual([{ name: 'audit' }])
    expect(await world.restorable()).toEqual({
      0: [
        [0, 10],
        [10, 20],
      ],
    })
  })

  test('an index that is gone is not written again, and the backup continues when it is put back', async () => {
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

  test('a folder that was deleted stays deleted while its writer runs', async () => {
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

  test('an index that was damaged meanwhile is reported, and not overwritten', async () => {
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
})
