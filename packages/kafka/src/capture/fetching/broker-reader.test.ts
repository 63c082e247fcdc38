import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { FetchingWorld } from '../../../test/fetching-world.ts'

const unreachable = new KanneryError('KAFKA_UNREACHABLE', 'gone', { retry: 'after-refresh' })

describe('a reader of a broker', () => {
  test('reads from batch to batch, to the requested end', async () => {
    const world = new FetchingWorld()
    world.broker.fill(
      0,
      brokerBatch({ at: 0, records: 3 }),
      brokerBatch({ at: 3, removedBehind: 4 }),
    )
    world.broker.fill(1, brokerBatch({ at: 0 }))
    const cursors = [world.cursor(0, { end: 8 }), world.cursor(1, { end: 1 })]
    await world.run(cursors)

    expect(world.events).toEqual(['0: 0 3', '1: 0'])
    expect(cursors.map(({ next }) => next)).toEqual([8, 1])
  })

  test('names quiet partitions once in a fetch session', async () => {
    const world = new FetchingWorld()
    for (let partition = 0; partition < 50; partition++) world.broker.fill(partition)
    world.broker.fill(7, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    await world.run(
      [...Array(50).keys()].map((partition) => world.cursor(partition)),
      3000,
    )

    const [first, second, ...rest] = world.broker.asked
    expect(first?.positions).toHaveLength(50)
    expect(second?.positions).toMatchObject([{ partition: 7, fetchOffset: 2 }])
    expect(rest.length).toBeGreaterThan(2)
    expect(rest.flatMap(({ positions }) => positions)).toEqual([])
  })

  test('sends the next request before it hands the batches over', async () => {
    const world = new FetchingWorld()
    world.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    let askedAtFirst: number | undefined
    world.onEvent = () => {
      askedAtFirst ??= world.broker.asked.length
    }
    await world.run([world.cursor(0)], 500)
    expect(askedAtFirst).toBe(2)
  })

  test('hands the first answer over before it sends the next request when there is no room for two', async () => {
    const world = new FetchingWorld({ hasRoom: () => false })
    world.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    let askedAtFirst: number | undefined
    world.onEvent = () => {
      askedAtFirst ??= world.broker.asked.length
    }
    await world.run([world.cursor(0)], 500)
    expect(askedAtFirst).toBe(1)
  })

  test('sends leader epochs, so that the broker detects truncation', async () => {
    const world = new FetchingWorld()
    world.broker.fill(0, brokerBatch({ at: 0, leaderEpoch: 4 }))
    await world.run([world.cursor(0)], 500)

    const [first, second] = world.broker.asked
    expect(first?.positions).toMatchObject([{ currentLeaderEpoch: 5, lastFetchedEpoch: -1 }])
    expect(second?.positions).toMatchObject([{ currentLeaderEpoch: 5, lastFetchedEpoch: 4 }])
  })

  test('asks once, without waiting, for a partition that is backed up to its end', async () => {
    const world = new FetchingWorld()
    world.broker.fill(0, brokerBatch({ at: 0 }))
    const cursor = world.cursor(0, { next: 1, end: 1 })
    await world.run([cursor])

    expect(cursor.finished).toBe(true)
    expect(world.broker.asked).toMatchObject([{ maxWaitMs: 0, positions: [{ fetchOffset: 1 }] }])
  })

  test('a partition that another broker leads is not read from this one', async () => {
    const world = new FetchingWorld()
    world.broker.fill(0, brokerBatch({ at: 0 }))
    world.broker.fill(1, brokerBatch({ at: 0 }))
    const [moved, stays] = [world.cursor(0), world.cursor(1)]
    world.onEvent = () => moved.lead({ broker: 2, epoch: 6 })
    await world.run([stays], 2000)

    expect(world.broker.asked.at(-1)).toBeDefined()
    expect(world.broker.asked.flatMap(({ forgotten }) => forgotten)).toEqual([0])
  })
})

describe('a partial batch', () => {
  test('at the end of an answer is left for the next fetch', async () => {
    const world = new FetchingWorld()
    const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(400_000) }))
    world.broker.fill(0, ...batches)
    await world.run([world.cursor(0, { end: 3 })])
    expect(world.events).toEqual(['0: 0 1', '0: 2'])
  })

  test('that does not fit raises the limit until it does', async () => {
    const world = new FetchingWorld()
    const big = brokerBatch({ at: 0, value: 'x'.repeat(3_000_000) })
    world.broker.fill(0, big, brokerBatch({ at: 1, value: 'x'.repeat(500_000) }))
    const cursor = world.cursor(0, { end: 2 })
    await world.run([cursor])

    expect(cursor.next).toBe(2)
    expect(world.broker.asked.map(({ positions }) => positions[0]?.maxBytes)).toEqual([
      1_048_576,
      big.length,
      1_048_576,
    ])
  })
})

describe('an error in a fetch', () => {
  test.each([70, 71])(
    'with number %i begins a new session, and nothing is read twice',
    async (errorCode) => {
      const world = new FetchingWorld()
      const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(800_000) }))
      world.broker.fill(0, ...batches)
      world.broker.faults.set(1, { errorCode })
      await world.run([world.cursor(0, { end: 3 })])

      expect(world.events).toEqual(['0: 0', '0: 1', '0: 2'])
      expect(world.broker.asked[2]?.session[1]).toBe(0)
    },
  )

  test('that breaks the connection makes the reader continue over another one', async () => {
    const world = new FetchingWorld()
    const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(800_000) }))
    world.broker.fill(0, ...batches)
    world.broker.faults.set(1, { broken: unreachable })
    const cursor = world.cursor(0, { end: 3 })
    world.onEvent = (event) => {
      if (event === 'leader lost') world.lead(cursor)
    }
    await world.run([cursor])

    expect(world.events).toEqual(['0: 0', 'leader lost', '0: 1', '0: 2'])
    expect(world.broker.connections).toBe(2)
  })

  test.each([
    [1, '0 lost'],
    [29, '0 KAFKA_DENIED'],
    [2, '0 KAFKA_DATA_CORRUPT'],
  ])(
    'with number %i of a partition is reported, and the others continue',
    async (errorCode, event) => {
      const world = new FetchingWorld()
      world.broker.fill(0).errorCode = errorCode
      world.broker.fill(1, brokerBatch({ at: 0 }))
      await world.run([world.cursor(0, { end: 1 }), world.cursor(1, { end: 1 })])
      expect(world.events.toSorted()).toEqual([event, '1: 0'].toSorted())
    },
  )

  test.each([-1, 3, 5, 6, 9, 56, 74, 75, 78, 100, 103])(
    'with number %i passes: the leader is looked up again, and the partition continues',
    async (errorCode) => {
      const world = new FetchingWorld()
      const scripted = world.broker.fill(0, brokerBatch({ at: 0 }))
      scripted.errorCode = errorCode
      const cursor = world.cursor(0, { end: 1 })
      world.onEvent = (event) => {
        if (event !== 'leader lost') return
        expect(cursor.leadership).toBeUndefined()
        expect(cursor.error?.facts['topic']).toBe('orders')
        delete scripted.errorCode
        world.lead(cursor)
      }
      await world.run([cursor])
      expect(world.events).toEqual(['leader lost', '0: 0'])
      expect(cursor.error).toBeUndefined()
    },
  )

  test('that says that the log diverged is reported, and none of its batches are taken', async () => {
    const world = new FetchingWorld()
    const scripted = world.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    scripted.diverging = { epoch: 3, endOffset: 1 }
    await world.run([world.cursor(0, { end: 2 })])
    expect(world.events).toEqual(['0 lost'])
  })

  test('that is permanent ends the reader', async () => {
    const world = new FetchingWorld()
    const denied = new KanneryError('KAFKA_AUTHENTICATION_FAILED', 'wrong password')
    world.broker.faults.set(0, { broken: denied })
    world.broker.fill(0)
    await world.run([world.cursor(0)], 500)
    expect(world.events).toEqual(['broken: KanneryError: wrong password'])
  })
})
