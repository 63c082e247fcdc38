import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import type { ActiveProducer } from '../cluster/kafka-cluster.ts'
import { PartitionCursor } from './partition-cursor.ts'
import { StalledPartitions } from './stalled-partitions.ts'

const topic = {
  name: 'orders',
  topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
  topicIdBytes: new Uint8Array(16),
}
const nothing = { bytes: 0, nextOffset: undefined, leaderEpoch: -1, neededBytes: 0 }
const unreachable = new KanneryError('KAFKA_UNREACHABLE', 'gone', { retry: 'after-refresh' })

/** A partition of which nothing came since `since`. */
function stalled(
  offsets: { readonly lastStable: number; readonly highWatermark: number },
  { end, since = 0 }: { readonly end?: number; readonly since?: number } = {},
): PartitionCursor {
  const cursor = new PartitionCursor(topic, 3, { next: 5, lastEpoch: -1, end })
  const { lastStable: lastStableOffset, highWatermark } = offsets
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
  cursor.stall(since)
  return cursor
}

function producer(producerId: bigint, transactionStart?: number): ActiveProducer {
  return { producerId, producerEpoch: 0, lastSequence: 0, lastTimestamp: 0, transactionStart }
}

function judges(
  openTransactionPatienceMs: number | undefined,
  producers: readonly ActiveProducer[] | KanneryError,
): StalledPartitions {
  const describeProducers = async (): Promise<readonly ActiveProducer[]> => {
    if (KanneryError.is(producers)) throw producers
    return producers
  }
  return new StalledPartitions({ cluster: { describeProducers }, openTransactionPatienceMs })
}

describe('with an end, an open transaction', () => {
  const held = (): PartitionCursor => stalled({ lastStable: 5, highWatermark: 9 }, { end: 9 })

  test('is waited for', async () => {
    expect(await judges(30_000, [producer(7n, 5)]).judge(held(), 29_999)).toBeUndefined()
  })

  test('is told in the end, with the producers that hold it open', async () => {
    const producers = [producer(6n), producer(7n, 5)]
    const verdict = await judges(30_000, producers).judge(held(), 30_000)

    expect(verdict).toMatchObject({
      kind: 'failed',
      error: {
        code: 'KAFKA_TRANSACTION_OPEN',
        why: expect.stringContaining('producer id 7 '),
        remedy: expect.stringContaining("--topic 'orders' --partition 3 --start-offset 5"),
        facts: { topic: 'orders', partition: 3, next: 5, end: 9, producerId: '7' },
      },
    })
  })

  test('is told also when the broker does not say whose it is', async () => {
    const denied = new KanneryError('KAFKA_DENIED', 'no')
    const verdict = await judges(30_000, denied).judge(held(), 30_000)
    expect(verdict?.error).toMatchObject({ code: 'KAFKA_TRANSACTION_OPEN' })
  })

  test('that has just ended is waited for anew', async () => {
    const cursor = held()
    expect(await judges(30_000, [producer(7n)]).judge(cursor, 30_000)).toBeUndefined()
    expect(cursor.stalledSince).toBeUndefined()
  })
})

describe('with an end, a partition', () => {
  test('whose broker is away is waited for, for two minutes', async () => {
    const cursor = stalled({ lastStable: 9, highWatermark: 9 }, { end: 9 })
    cursor.loseLeader(unreachable, 0)
    const judge = judges(0, [])

    expect(await judge.judge(cursor, 119_999)).toBeUndefined()
    expect(await judge.judge(cursor, 120_000)).toEqual({ kind: 'failed', error: unreachable })
  })

  test('whose log became shorter is lost', async () => {
    const cursor = stalled({ lastStable: 7, highWatermark: 7 }, { end: 9 })
    const judge = judges(0, [])

    expect(await judge.judge(cursor, 119_999)).toBeUndefined()
    expect(await judge.judge(cursor, 120_000)).toMatchObject({
      kind: 'failed',
      error: { code: 'KAFKA_OFFSETS_LOST', facts: { end: 9, highWatermark: 7 } },
    })
  })

  test('that is done is left alone', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 9 }, { end: 9 })
    cursor.finish()
    expect(await judges(0, [producer(7n, 5)]).judge(cursor, 1e9)).toBeUndefined()
  })
})

describe('without an end, a partition', () => {
  test('that has nothing new is as it should be', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 5 })
    expect(await judges(undefined, []).judge(cursor, 1e9)).toBeUndefined()
  })

  test('that is held back by a transaction is told once', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 9 })
    const judge = judges(undefined, [producer(7n, 5)])

    expect(await judge.judge(cursor, 59_999)).toBeUndefined()
    expect(await judge.judge(cursor, 60_000)).toMatchObject({
      kind: 'warning',
      error: { code: 'KAFKA_TRANSACTION_OPEN' },
    })
    expect(await judge.judge(cursor, 61_000)).toBeUndefined()
  })

  test('whose broker is away is told, and again after it was there', async () => {
    const cursor = stalled({ lastStable: 5, highWatermark: 5 })
    cursor.loseLeader(unreachable, 0)
    const judge = judges(undefined, [])
    expect(await judge.judge(cursor, 60_000)).toEqual({ kind: 'warning', error: unreachable })

    cursor.resetStall()
    expect(await judge.judge(cursor, 60_500)).toBeUndefined()
    cursor.loseLeader(unreachable, 61_000)
    expect(await judge.judge(cursor, 121_000)).toEqual({ kind: 'warning', error: unreachable })
  })
})
