import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { captured, cluster, incarnation, minutes, World } from '../../test/fixtures.ts'

describe('a commit whose answer is lost', () => {
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

  test('a commit whose outcome is unknown ends the session, and acquiring again finds out', async () => {
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

  test('a commit that the disk may lose again fails and ends the session', async () => {
    const world = new World()
    const session = await world.writer('a')
    const error = new KanneryError('STORAGE_NOT_DURABLE', 'a power failure may undo it')
    world
      .way('a')
      .faults.onCall(({ operation, key }) =>
        operation === 'put' && key === 'orders/index' ? { kind: 'fail', error } : undefined,
      )
    await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toBe(error)
    world.way('a').faults.clear()

    await expect(session.commit(captured(session, { 0: [0, 10] }))).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
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

  test('a hold that comes right after a commit whose answer was lost does not make it be committed twice', async () => {
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
    await world.hold('audit')
    await world.until(committing)
    await session.commit(captured(session, { 0: [10, 20] }))

    expect(lost).toBe(true)
    expect(await world.holds()).toEqual(['audit'])
    expect(await world.restorable()).toEqual({
      0: [
        [0, 10],
        [10, 20],
      ],
    })
  })
})
