import { KanneryError } from '@kannery/storage'
import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { ScriptedBroker } from '../../../test/scripted-broker.ts'
import type { FetchTopic } from '../../protocol/fetch.ts'
import { walkBatches } from '../../record-batch/header.ts'
import { BrokerReader, type BrokerReaderListener } from './broker-reader.ts'
import { PartitionCursor } from './partition-cursor.ts'

const topicIdBytes = new Uint8Array(16).fill(7)
const topic: FetchTopic = {
  name: 'orders',
  topicId: Buffer.from(topicIdBytes).toString('base64url'),
  topicIdBytes,
}
const broker = 1
const unreachable = new KanneryError('KAFKA_UNREACHABLE', 'gone', { retry: 'after-refresh' })

interface Setting {
  readonly maxBytes?: number
  readonly hasRoom?: () => boolean
}

/** One reader of one scripted broker, and all that it said. */
class World implements BrokerReaderListener {
  readonly clock = new TestClock()
  readonly broker = new ScriptedBroker(topic)
  readonly events: string[] = []
  readonly reader: BrokerReader
  readonly #ending = new AbortController()
  onEvent: (event: string) => void = () => undefined

  constructor({ maxBytes = 1024 * 1024, hasRoom = () => true }: Setting = {}) {
    this.reader = new BrokerReader({
      broker,
      cluster: this.broker.cluster,
      clock: this.clock,
      listener: this,
      maxBytes,
      gate: { hasRoom, waitForRoom: async () => undefined },
      signal: this.#ending.signal,
    })
  }

  cursor(
    partition: number,
    { next = 0, end }: { next?: number; end?: number } = {},
  ): PartitionCursor {
    const cursor = new PartitionCursor(topic, partition, { next, lastEpoch: -1, end })
    this.lead(cursor)
    return cursor
  }

  lead(cursor: PartitionCursor, epoch = 5): void {
    cursor.lead({ broker, epoch })
    this.reader.assign(cursor)
  }

  /** Until all of `cursors` are finished, or so much time has passed. */
  async run(cursors: readonly PartitionCursor[], milliseconds = 20_000): Promise<void> {
    const running = this.reader.run()
    for (let passed = 0; passed < milliseconds; passed += 100) {
      await this.clock.pass(100)
      if (cursors.every((cursor) => cursor.finished)) break
    }
    this.#ending.abort()
    await running
  }

  onBatches: BrokerReaderListener['onBatches'] = (cursor, { records }, { bytes }) => {
    const offsets = [...walkBatches(records.subarray(0, bytes))].map(({ baseOffset }) => baseOffset)
    this.#say(`${cursor.partition}: ${offsets.join(' ')}`)
  }
  onLost: BrokerReaderListener['onLost'] = (cursor) => {
    cursor.finish()
    this.#say(`${cursor.partition} lost`)
  }
  onFailed: BrokerReaderListener['onFailed'] = (cursor, { code }) => {
    cursor.finish()
    this.#say(`${cursor.partition} ${code}`)
  }
  onLeaderLost: BrokerReaderListener['onLeaderLost'] = () => this.#say('leader lost')
  onBroken: BrokerReaderListener['onBroken'] = (error) => this.#say(`broken: ${String(error)}`)

  #say(event: string): void {
    this.events.push(event)
    this.onEvent(event)
  }
}

describe('a reader of a broker', () => {
  test('reads from batch to batch, to the requested end', async () => {
    const world = new World()
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
    const world = new World()
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
    const world = new World()
    world.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    let askedAtFirst: number | undefined
    world.onEvent = () => {
      askedAtFirst ??= world.broker.asked.length
    }
    await world.run([world.cursor(0)], 500)
    expect(askedAtFirst).toBe(2)
  })

  test('hands the first answer over before it sends the next request when there is no room for two', async () => {
    const world = new World({ hasRoom: () => false })
    world.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    let askedAtFirst: number | undefined
    world.onEvent = () => {
      askedAtFirst ??= world.broker.asked.length
    }
    await world.run([world.cursor(0)], 500)
    expect(askedAtFirst).toBe(1)
  })

  test('sends leader epochs, so that the broker detects truncation', async () => {
    const world = new World()
    world.broker.fill(0, brokerBatch({ at: 0, leaderEpoch: 4 }))
    await world.run([world.cursor(0)], 500)

    const [first, second] = world.broker.asked
    expect(first?.positions).toMatchObject([{ currentLeaderEpoch: 5, lastFetchedEpoch: -1 }])
    expect(second?.positions).toMatchObject([{ currentLeaderEpoch: 5, lastFetchedEpoch: 4 }])
  })

  test('asks once, without waiting, for a partition that is backed up to its end', async () => {
    const world = new World()
    world.broker.fill(0, brokerBatch({ at: 0 }))
    const cursor = world.cursor(0, { next: 1, end: 1 })
    await world.run([cursor])

    expect(cursor.finished).toBe(true)
    expect(world.broker.asked).toMatchObject([{ maxWaitMs: 0, positions: [{ fetchOffset: 1 }] }])
  })
})

describe('a partial batch', () => {
  test('at the end of an answer is left for the next fetch', async () => {
    const world = new World()
    const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(400_000) }))
    world.broker.fill(0, ...batches)
    await world.run([world.cursor(0, { end: 3 })])
    expect(world.events).toEqual(['0: 0 1', '0: 2'])
  })

  test('that does not fit raises the limit until it does', async () => {
    const world = new World()
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

describe('an empty answer', () => {
  test('does not end a partition while records are held back', async () => {
    const world = new World()
    const scripted = world.broker.fill(
      0,
      brokerBatch({ at: 0 }),
      brokerBatch({ at: 1, producer: 7n }),
    )
    scripted.lastStableOffset = 1
    const cursor = world.cursor(0, { end: 2 })
    await world.run([cursor], 5000)

    expect(cursor.finished).toBe(false)
    expect(cursor.obstacle?.kind).toBe('transaction')
    expect(cursor.obstacle?.since).toBeLessThan(1000)
  })

  test('never ends a partition, however often it comes', async () => {
    const world = new World()
    const scripted = world.broker.fill(0, brokerBatch({ at: 0 }))
    scripted.highWatermark = 5
    scripted.lastStableOffset = 5
    const cursor = world.cursor(0, { end: 5 })
    await world.run([cursor], 60_000)

    expect(cursor.finished).toBe(false)
    expect(cursor.next).toBe(1)
    expect(cursor.obstacle?.kind).toBe('silence')
    expect(cursor.quietAnswers).toBeGreaterThan(100)
  })

  test('makes the reader ask for everything again, because the session may have lost the partition', async () => {
    const world = new World()
    world.broker.fill(0, brokerBatch({ at: 0 }))
    const scripted = world.broker.fill(1)
    scripted.highWatermark = scripted.lastStableOffset = 5
    const silent = world.cursor(1, { end: 5 })
    await world.run([world.cursor(0), silent], 3000)

    const full = world.broker.asked.filter(({ session: [, epoch] }) => epoch === 0)
    expect(full.map(({ positions }) => positions.map(({ partition }) => partition))).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect(silent.quietAnswers).toBeGreaterThan(5)
  })

  test('does not end a partition whose remote read was too slow', async () => {
    const world = new World()
    const batches = [0, 1, 2, 3].map((at) => brokerBatch({ at, value: 'x'.repeat(700_000) }))
    world.broker.fill(0, ...batches)
    for (const nth of [0, 1, 2, 4, 5, 6]) world.broker.faults.set(nth, { nothing: true })
    const cursor = world.cursor(0, { end: 4 })
    await world.run([cursor])
    expect(world.events).toEqual(['0: 0', '0: 1', '0: 2', '0: 3'])
  })

  test('is not quiet while other partitions fill the answers, or the broker throttles', async () => {
    const world = new World({ maxBytes: 1 })
    const scripted = world.broker.fill(0)
    scripted.highWatermark = 5
    scripted.lastStableOffset = 5
    world.broker.fill(1, ...[0, 1, 2, 3, 4].map((at) => brokerBatch({ at })))
    for (let nth = 0; nth < 200; nth++) world.broker.faults.set(nth, { throttleTimeMs: 100 })
    const silent = world.cursor(0, { end: 5 })
    await world.run([silent, world.cursor(1, { end: 5 })], 5000)

    expect(silent.obstacle?.kind).toBe('silence')
    expect(silent.quietAnswers).toBe(0)
  })

  test('right before an open transaction is silence, because compaction may have removed records there', async () => {
    const world = new World()
    const scripted = world.broker.fill(0, brokerBatch({ at: 0 }))
    scripted.highWatermark = 20
    scripted.lastStableOffset = 15
    const cursor = world.cursor(0, { end: 20 })
    await world.run([cursor], 5000)
    expect(cursor.obstacle?.kind).toBe('silence')
  })

  test('of a broker that throttles has no meaning', async () => {
    const world = new World()
    const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(800_000) }))
    world.broker.fill(0, ...batches)
    for (const nth of [1, 2, 3, 4]) {
      world.broker.faults.set(nth, { nothing: true, throttleTimeMs: 100 })
    }
    await world.run([world.cursor(0, { end: 3 })])
    expect(world.events).toEqual(['0: 0', '0: 1', '0: 2'])
  })

  test('of a broker that throttles does not count as silence of a partition', async () => {
    const world = new World()
    world.broker.fill(0, brokerBatch({ at: 0 }))
    for (let nth = 1; nth < 100; nth++) {
      world.broker.faults.set(nth, { nothing: true, throttleTimeMs: 100 })
    }
    const cursor = world.cursor(0, { end: 2 })
    await world.run([cursor], 5000)

    expect(world.broker.asked.length).toBeGreaterThan(2)
    expect(cursor.obstacle).toBeUndefined()
  })

  test('that holds only errors advances no partition', async () => {
    const world = new World()
    const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(800_000) }))
    const scripted = world.broker.fill(0, ...batches)
    const cursor = world.cursor(0, { end: 3 })
    let lost = 0
    world.onEvent = (event) => {
      if (event === '0: 0') scripted.errorCode = 6
      if (event !== 'leader lost') return
      lost += 1
      if (lost === 4) delete scripted.errorCode
      world.lead(cursor, 6)
    }
    await world.run([cursor])

    // The second answer was on its way already when the error began.
    expect(world.events.filter((event) => event.startsWith('0'))).toEqual(['0: 0', '0: 1', '0: 2'])
    expect(lost).toBeGreaterThanOrEqual(4)
  })

  test('that came at once is followed by a pause', async () => {
    const world = new World()
    world.broker.fill(0)
    await world.run([world.cursor(0)], 2000)
    expect(world.broker.asked.length).toBeLessThan(25)
  })
})

describe('an error in a fetch', () => {
  test.each([70, 71])(
    'error %i: a lost session is begun anew, and nothing is read twice',
    async (errorCode) => {
      const world = new World()
      const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(800_000) }))
      world.broker.fill(0, ...batches)
      world.broker.faults.set(1, { errorCode })
      await world.run([world.cursor(0, { end: 3 })])

      expect(world.events).toEqual(['0: 0', '0: 1', '0: 2'])
      expect(world.broker.asked[2]?.session[1]).toBe(0)
    },
  )

  test('that breaks the connection makes the reader continue over another one', async () => {
    const world = new World()
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
    'with number %i of a partition is reported, and the others are read further',
    async (errorCode, event) => {
      const world = new World()
      world.broker.fill(0).errorCode = errorCode
      world.broker.fill(1, brokerBatch({ at: 0 }))
      await world.run([world.cursor(0, { end: 1 }), world.cursor(1, { end: 1 })])
      expect(world.events.toSorted()).toEqual([event, '1: 0'].toSorted())
    },
  )

  test.each([-1, 3, 5, 6, 9, 56, 74, 75, 78, 100, 103])(
    'error %i passes: the leader is looked for, and the partition goes on',
    async (errorCode) => {
      const world = new World()
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
    const world = new World()
    const scripted = world.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    scripted.diverging = { epoch: 3, endOffset: 1 }
    await world.run([world.cursor(0, { end: 2 })])
    expect(world.events).toEqual(['0 lost'])
  })

  test('that is permanent ends the reader', async () => {
    const world = new World()
    const denied = new KanneryError('KAFKA_AUTHENTICATION_FAILED', 'wrong password')
    world.broker.faults.set(0, { broken: denied })
    world.broker.fill(0)
    await world.run([world.cursor(0)], 500)
    expect(world.events).toEqual(['broken: KanneryError: wrong password'])
  })
})

test('a partition that another broker leads is not read from this one', async () => {
  const world = new World()
  world.broker.fill(0, brokerBatch({ at: 0 }))
  world.broker.fill(1, brokerBatch({ at: 0 }))
  const [moved, stays] = [world.cursor(0), world.cursor(1)]
  world.onEvent = () => moved.lead({ broker: 2, epoch: 6 })
  await world.run([stays], 2000)

  expect(world.broker.asked.at(-1)).toBeDefined()
  expect(world.broker.asked.flatMap(({ forgotten }) => forgotten)).toEqual([0])
})
