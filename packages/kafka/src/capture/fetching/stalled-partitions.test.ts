import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import type { ActiveProducer } from '../../cluster/producers.ts'
import { PartitionCursor } from './partition-cursor.ts'
import { StalledPartitions } from './stalled-partitions.ts'

const topic = {
  name: 'orders',
  topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
  topicIdBytes: new Uint8Array(16),
}
const nothing = { bytes: 0, nextOffset: undefined, leaderEpoch: -1, neededBytes: 0 }
const unreachable = new KanneryError('KAFKA_UNREACHABLE', 'gone', { retry: 'after-refresh' })
const hour = 3_600_000

interface Offsets {
  readonly lastStable: number
  readonly highWatermark: number
}

/** An answer that has nothing for the partition, nor for any other. */
function answerNothing(
  cursor: PartitionCursor,
  { lastStable: lastStableOffset, highWatermark }: Offsets,
  now: number,
): void {
  cursor.advance(
    {
      topicKey: topic.topicId,
      partition: 3,
      errorCode: 0,
      highWatermark,
      lastStableOffset,
      logStartOffset: 0,
      aborted: [],
      records: Buffer.alloc(0),
    },
    nothing,
  )
  cursor.stall(now, { quiet: true })
}

/** A partition that is read up to offset 5, and for which ten answers had nothing since `since`. */
function stalled(
  offsets: Offsets,
  { end, since = 0 }: { readonly end?: number; readonly since?: number } = {},
): PartitionCursor {
  const cursor = new PartitionCursor(topic, 3, { next: 5, lastEpoch: -1, end })
  for (let nth = 0; nth < 10; nth++) answerNothing(cursor, offsets, since)
  return cursor
}

function producer(producerId: bigint, transactionStart?: number): ActiveProducer {
  return { producerId, producerEpoch: 0, lastSequence: 0, lastTimestamp: 0, transactionStart }
}

interface Setting {
  /** undefined: the run follows. */
  readonly patienceMs?: number
  readonly producers?: readonly ActiveProducer[] | KanneryError
  readonly policy?: string
  /** Where the leader's disk begins, or why that is not said. */
  readonly localStart?: number | KanneryError
}

function judges({
  patienceMs,
  producers = [],
  policy = 'delete',
  localStart = 0,
}: Setting): StalledPartitions {
  const answer = async <T>(value: T | KanneryError): Promise<T> => {
    if (KanneryError.is(value)) throw value
    return value
  }
  return new StalledPartitions({
    cluster: {
      describeProducers: () => answer(producers),
      describeTopicConfig: async () => ({ overrides: {}, effective: { 'cleanup.policy': policy } }),
      listOffsetsWhereLed: async () => new Map([[3, await answer(localStart)]]),
    },
    openTransactionPatienceMs: patienceMs,
  })
}

describe('an open transaction in a run of mode once', () => {
  const held = (): PartitionCursor => stalled({ lastStable: 5, highWatermark: 9 }, { end: 9 })

  test('is waited for', async () => {
    const judge = judges({ patienceMs: 30_000, producers: [producer(7n, 5)] })
    expect(await judge.judge(held(), 29_999)).toBeUndefined()
  })

  test('is finally reported with the producers that hold it open', async () => {
    const producers = [producer(6n), producer(7n, 5)]
    const verdict = await judges({ patienceMs: 30_000, producers }).judge(held(), 30_000)

    expect(verdict).toMatchObject({
      kind: 'failed',
      error: {
        code: 'KAFKA_TRANSACTION_OPEN',
        why: expect.stringContaining('producer id 7 '),
        advice: { id: 'end-transaction', topic: 'orders', partition: 3, startOffset: 5 },
        facts: { topic: 'orders', partition: 3, next: 5, end: 9, producerId: '7' },
      },
    })
  })

  test('is reported also when the broker does not name its producer', async () => {
    const denied = new KanneryError('KAFKA_DENIED', 'no')
    const verdict = await judges({ patienceMs: 0, producers: denied }).judge(held(), 30_000)
    expect(verdict).toMatchObject({ error: { code: 'KAFKA_TRANSACTION_OPEN' } })
  })

  test('that has just ended starts the wait again', async () => {
    const cursor = held()
    const judge = judges({ patienceMs: 30_000, producers: [producer(7n)] })
    expect(await judge.judge(cursor, 30_000)).toBeUndefined()
    expect(cursor.obstacle).toBeUndefined()
  })

  test('is found also where compaction removed the offsets right before it', async () => {
    const cursor = stalled({ lastStable: 7, highWatermark: 9 }, { end: 9 })
    const producers = [producer(7n, 7)]
    const judge = judges({ patienceMs: 30_000, producers, policy: 'compact' })

    expect(await judge.judge(cursor, 29_999)).toBeUndefined()
    expect(await judge.judge(cursor, 30_000)).toMatchObject({
      kind: 'failed',
      error: { code: 'KAFKA_TRANSACTION_OPEN' },
    })
  })
})

describe('a partition in a run of mode once', () => {
  test('whose broker is away is waited for, for two minutes', async () => {
    const cursor = stalled({ lastStable: 9, highWatermark: 9 }, { end: 9 })
    cursor.loseLeader(unreachable, 0)
    const judge = judges({ patienceMs: 0 })

    expect(await judge.judge(cursor, 119_999)).toBeUndefined()
    expect(await judge.judge(cursor, 120_000)).toEqual({ kind: 'failed', error: unreachable })
  })

  test('has two minutes to get a new leader also after an hour without records', async () => {
    const cursor = stalled({ lastStable: 9, highWatermark: 9 }, { end: 9 })
    cursor.loseLeader(unreachable, hour)
    const judge = judges({ patienceMs: 0 })

    expect(await judge.judge(cursor, hour + 119_999)).toBeUndefined()
    expect(await judge.judge(cursor, hour + 120_000)).toEqual({
      kind: 'failed',
      error: unreachable,
    })
  })

  test('whose log became shorter fails', async () => {
    const cursor = stalled({ lastStable: 7, highWatermark: 7 }, { end: 9 })
    const judge = judges({ patienceMs: 0 })

    expect(await judge.judge(cursor, 119_999)).toBeUndefined()
    expect(await judge.judge(cursor, 120_000)).toMatchObject({
      kind: 'failed',
      error: { code: 'KAFKA_OFFSETS_LOST', facts: { end: 9, highWatermark: 7 } },
    })
  })

  test('has two minutes to grow again after its log became shorter', async () => {
    const cursor = stalled({ lastStable: 9, highWatermark: 9 }, { end: 9 })
    answerNothing(cursor, { lastStable: 7, highWatermark: 7 }, hour)
    expect(await judges({ patienceMs: 0 }).judge(cursor, hour + 119_999)).toBeUndefined()
  })

  test('that is finished is never reported as stalled', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 9 }, { end: 9 })
    cursor.finish()
    const judge = judges({ patienceMs: 0, producers: [producer(7n, 5)] })
    expect(await judge.judge(cursor, 1e9)).toBeUndefined()
  })
})

describe('a leader that answers every fetch with nothing in a run of mode once', () => {
  const silent = (): PartitionCursor => stalled({ lastStable: 9, highWatermark: 9 }, { end: 9 })

  test('has nothing left when the topic is compacted and the offset is on its own disk', async () => {
    const judge = judges({ patienceMs: 0, policy: 'compact,delete', localStart: 5 })
    expect(await judge.judge(silent(), 4999)).toBeUndefined()
    expect(await judge.judge(silent(), 5000)).toEqual({ kind: 'compacted', to: 9 })
  })

  test('is asked several times before it is believed, however long that takes', async () => {
    const cursor = new PartitionCursor(topic, 3, { next: 5, lastEpoch: -1, end: 9 })
    const judge = judges({ patienceMs: 0, policy: 'compact' })
    for (let nth = 0; nth < 4; nth++) {
      answerNothing(cursor, { lastStable: 9, highWatermark: 9 }, 0)
      expect(await judge.judge(cursor, hour)).toBeUndefined()
    }
    answerNothing(cursor, { lastStable: 9, highWatermark: 9 }, 0)
    expect(await judge.judge(cursor, hour)).toEqual({ kind: 'compacted', to: 9 })
  })

  test('is asked where its disk begins only after the silence, and not each time', async () => {
    let asked = 0
    const judge = new StalledPartitions({
      cluster: {
        describeProducers: async () => [],
        describeTopicConfig: async () => ({ overrides: {}, effective: {} }),
        listOffsetsWhereLed: async () => {
          asked += 1
          return new Map([[3, 9]])
        },
      },
      openTransactionPatienceMs: 0,
    })
    const cursor = silent()
    for (let now = 0; now < 60_000; now += 500) await judge.judge(cursor, now)
    expect(asked).toBe(1)
    await judge.judge(stalled({ lastStable: 9, highWatermark: 9 }, { end: 9, since: 60_000 }), hour)
    expect(asked).toBe(2)
  })

  test.each([
    ['at all', unreachable],
    ['of this partition', new Map<number, number>()],
  ])('is asked again when it did not report %s where its disk begins', async (_, first) => {
    const answers: (KanneryError | ReadonlyMap<number, number>)[] = [first]
    const effective = { 'cleanup.policy': 'compact' }
    const judge = new StalledPartitions({
      cluster: {
        describeProducers: async () => [],
        describeTopicConfig: async () => ({ overrides: {}, effective }),
        listOffsetsWhereLed: async () => {
          const answer = answers.shift() ?? new Map([[3, 0]])
          if (KanneryError.is(answer)) throw answer
          return new Map(answer)
        },
      },
      openTransactionPatienceMs: 0,
    })
    const cursor = silent()
    expect(await judge.judge(cursor, 5000)).toBeUndefined()
    expect(await judge.judge(cursor, 64_999)).toBeUndefined()
    expect(await judge.judge(cursor, 65_000)).toEqual({ kind: 'compacted', to: 9 })
  })

  test('has nothing left where brokers are too old to have anything on remote storage', async () => {
    const localStart = new KanneryError('KAFKA_UNSUPPORTED', 'ListOffsets 8')
    const compacted = judges({ patienceMs: 0, policy: 'compact', localStart })
    expect(await compacted.judge(silent(), 5000)).toEqual({ kind: 'compacted', to: 9 })
  })

  test.each([
    ['has to fetch the offset from remote storage', { policy: 'compact', localStart: 6 }],
    ['leads a topic that is not compacted', { policy: 'delete' }],
    ['does not say where its disk begins', { policy: 'compact', localStart: unreachable }],
  ])('and that %s has two minutes before the partition fails', async (_, setting) => {
    const judge = judges({ patienceMs: 0, ...setting })
    const cursor = silent()

    expect(await judge.judge(cursor, 119_999)).toBeUndefined()
    expect(await judge.judge(cursor, 120_000)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'KAFKA_UNREACHABLE',
        message: 'the leader of partition 3 of topic "orders" serves nothing from offset 5 on',
        facts: { topic: 'orders', partition: 3, next: 5, lastStableOffset: 9 },
      },
    })
  })
})

describe('a partition in a run that follows', () => {
  test('that has nothing new is no reason for a warning', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 5 })
    expect(await judges({}).judge(cursor, 1e9)).toBeUndefined()
  })

  test('that is held back by a transaction is reported once', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 9 })
    const judge = judges({ producers: [producer(7n, 5)] })

    expect(await judge.judge(cursor, 59_999)).toBeUndefined()
    expect(await judge.judge(cursor, 60_000)).toMatchObject({
      kind: 'warning',
      error: { code: 'KAFKA_TRANSACTION_OPEN' },
    })
    expect(await judge.judge(cursor, 61_000)).toBeUndefined()
  })

  test('is held back also where compaction removed the offsets right before the transaction', async () => {
    const cursor = stalled({ lastStable: 7, highWatermark: 9 })
    const judge = judges({ producers: [producer(7n, 7)], policy: 'compact' })
    expect(await judge.judge(cursor, 60_000)).toMatchObject({
      kind: 'warning',
      error: { code: 'KAFKA_TRANSACTION_OPEN' },
    })
  })

  test('whose last records were removed by compaction is no reason for a warning', async () => {
    const cursor = stalled({ lastStable: 9, highWatermark: 9 })
    expect(await judges({ policy: 'compact' }).judge(cursor, hour)).toBeUndefined()
  })

  test('that remote storage does not give back is reported', async () => {
    const cursor = stalled({ lastStable: 9, highWatermark: 9 })
    expect(await judges({ localStart: 9 }).judge(cursor, 60_000)).toMatchObject({
      kind: 'warning',
      error: { code: 'KAFKA_UNREACHABLE', facts: { next: 5, localStart: 9 } },
    })
  })

  test('whose broker is away is reported, and reported again after it was back', async () => {
    const idle = { lastStable: 5, highWatermark: 5 }
    const cursor = stalled(idle)
    cursor.loseLeader(unreachable, 0)
    const judge = judges({})
    expect(await judge.judge(cursor, 60_000)).toEqual({ kind: 'warning', error: unreachable })

    answerNothing(cursor, idle, 60_200)
    expect(await judge.judge(cursor, 60_500)).toBeUndefined()
    cursor.loseLeader(unreachable, 61_000)
    expect(await judge.judge(cursor, 120_999)).toBeUndefined()
    expect(await judge.judge(cursor, 121_000)).toEqual({ kind: 'warning', error: unreachable })
  })

  test('that was quiet for an hour is not reported when its leader moves', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 5 })
    cursor.loseLeader(unreachable, hour)
    expect(await judges({}).judge(cursor, hour + 59_999)).toBeUndefined()
  })

  test('that was quiet for an hour is not reported when a transaction begins', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 5 })
    answerNothing(cursor, { lastStable: 5, highWatermark: 9 }, hour)
    const judge = judges({ producers: [producer(7n, 5)] })
    expect(await judge.judge(cursor, hour + 59_999)).toBeUndefined()
  })

  test('whose broker goes away during an open transaction is reported for both', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 9 })
    const judge = judges({ producers: [producer(7n, 5)] })
    await judge.judge(cursor, 60_000)
    cursor.loseLeader(unreachable, 70_000)

    expect(await judge.judge(cursor, 129_999)).toBeUndefined()
    expect(await judge.judge(cursor, 130_000)).toEqual({ kind: 'warning', error: unreachable })
  })
})
