import { describe, expect, test } from 'vitest'
import type { FetchPosition } from './fetch.ts'
import { FetchSession, type SessionRequest } from './fetch-session.ts'

const topic = {
  name: 'orders',
  topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
  topicIdBytes: new Uint8Array(16),
}

function at(...offsets: readonly number[]): Map<string, FetchPosition> {
  return new Map(
    offsets.map((fetchOffset, partition) => [
      `orders/${partition}`,
      {
        topic,
        partition,
        fetchOffset,
        currentLeaderEpoch: 1,
        lastFetchedEpoch: 1,
        maxBytes: 1000,
      },
    ]),
  )
}

function asked({ positions, forgotten, sessionId, sessionEpoch }: SessionRequest): unknown {
  return {
    session: [sessionId, sessionEpoch],
    positions: positions.map(({ partition, fetchOffset }) => [partition, fetchOffset]),
    forgotten: forgotten.map(({ partition }) => partition),
  }
}

function established(sessionId = 77): FetchSession {
  const session = new FetchSession()
  session.next(at(0, 0, 0))
  session.answered({ errorCode: 0, sessionId })
  return session
}

describe('a fetch session', () => {
  test('begins with a full request', () => {
    expect(asked(new FetchSession().next(at(0, 5)))).toEqual({
      session: [0, 0],
      positions: [
        [0, 0],
        [1, 5],
      ],
      forgotten: [],
    })
  })

  test('then sends only what moved, came or went', () => {
    const session = established()
    const wanted = at(0, 9, 0, 4)
    wanted.delete('orders/2')

    expect(asked(session.next(wanted))).toEqual({
      session: [77, 1],
      positions: [
        [1, 9],
        [3, 4],
      ],
      forgotten: [2],
    })
  })

  test('sends nothing when nothing changed, however many partitions it has', () => {
    const session = new FetchSession()
    const quiet = at(...Array.from({ length: 10_000 }, () => 3))
    session.next(quiet)
    session.answered({ errorCode: 0, sessionId: 77 })

    expect(asked(session.next(quiet))).toEqual({ session: [77, 1], positions: [], forgotten: [] })
  })

  test('sends a partition again whose leader epoch or byte limit changed', () => {
    const session = established()
    const wanted = at(0, 0, 0)
    const [first, second] = [...wanted.values()] as [FetchPosition, FetchPosition]
    wanted.set('orders/0', { ...first, currentLeaderEpoch: 2 })
    wanted.set('orders/1', { ...second, maxBytes: 2000 })

    expect(asked(session.next(wanted))).toMatchObject({
      positions: [
        [0, 0],
        [1, 0],
      ],
    })
  })

  test('counts its requests', () => {
    const session = established()
    const epochs = Array.from({ length: 3 }, () => {
      const { sessionEpoch } = session.next(at(0, 0, 0))
      session.answered({ errorCode: 0, sessionId: 77 })
      return sessionEpoch
    })
    expect(epochs).toEqual([1, 2, 3])
  })

  test('begins again when the broker dropped it', () => {
    const session = established()
    session.next(at(1, 0, 0))

    expect(session.answered({ errorCode: 70, sessionId: 0 })).toBe(false)
    expect(asked(session.next(at(1, 0, 0)))).toEqual({
      session: [0, 0],
      positions: expect.arrayContaining([
        [0, 1],
        [1, 0],
        [2, 0],
      ]),
      forgotten: [],
    })
  })

  test.each([71, 106])('closes itself for a new one on error %i', (errorCode) => {
    const session = established()
    session.next(at(1, 0, 0))

    expect(session.answered({ errorCode, sessionId: 0 })).toBe(false)
    expect(session.next(at(1, 0, 0))).toMatchObject({ sessionId: 77, sessionEpoch: 0 })
  })

  test('sends everything every time, beginning with another partition, where the broker keeps no session', () => {
    const session = new FetchSession()
    const firsts = Array.from({ length: 4 }, () => {
      const { positions, sessionEpoch } = session.next(at(0, 0, 0))
      expect([positions.length, sessionEpoch]).toEqual([3, 0])
      session.answered({ errorCode: 0, sessionId: 0 })
      return positions[0]?.partition
    })
    expect(firsts).toEqual([0, 1, 2, 0])
  })
})
