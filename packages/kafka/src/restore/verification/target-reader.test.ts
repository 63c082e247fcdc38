import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { ScriptedBroker } from '../../../test/scripted-broker.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import { TargetReader } from './target-reader.ts'

const topicIdBytes = new Uint8Array(16).fill(7)
const topic: TopicMetadata = {
  name: 'orders',
  topicId: Buffer.from(topicIdBytes).toString('base64url'),
  topicIdBytes,
  internal: false,
  partitions: [{ partition: 0, leader: 1, leaderEpoch: 5, replicas: [1], isr: [1] }],
}

/** Reads partition 0 of a scripted broker, up to `end`. */
async function read(broker: ScriptedBroker, end: number): Promise<readonly number[]> {
  const clock = new TestClock()
  const metadata = async () => ({
    clusterId: 'scripted',
    controllerId: 1,
    brokers: new Map(),
    topics: [topic],
  })
  await using reader = new TargetReader({
    cluster: { ...broker.cluster, metadata },
    clock,
    topic,
    maxBytes: 1000,
  })
  const offsets: number[] = []
  const reading = (async () => {
    for await (const { header } of reader.batches(0, 0, end)) offsets.push(header.baseOffset)
  })()
  await clock.passUntil(reading)
  return offsets
}

describe('the reader of a target topic', () => {
  test('an answer without any partition, of a broker that throttles, is asked for again', async () => {
    const broker = new ScriptedBroker(topic)
    broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1, value: 'x'.repeat(900) }))
    for (const request of [0, 1, 3]) {
      broker.faults.set(request, { nothing: true, throttleTimeMs: 60_000 })
    }

    expect(await read(broker, 2)).toEqual([0, 1])
    expect(broker.asked).toHaveLength(5)
  })

  test('an answer that cannot be read is asked for again', async () => {
    const broker = new ScriptedBroker(topic)
    broker.fill(0, brokerBatch({ at: 0 }))
    broker.faults.set(0, { bytes: Buffer.alloc(7) })

    expect(await read(broker, 1)).toEqual([0])
  })

  test('an answer without any partition that no quota explains is an error', async () => {
    const broker = new ScriptedBroker(topic)
    broker.fill(0, brokerBatch({ at: 0 }))
    broker.faults.set(0, { nothing: true })

    await expect(read(broker, 1)).rejects.toMatchObject({ code: 'KAFKA_PROTOCOL' })
  })

  test('answers with nothing are asked for again, as of a broker whose remote storage is slow', async () => {
    const broker = new ScriptedBroker(topic)
    broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    for (const request of [0, 1, 2, 3]) broker.faults.set(request, { empty: true })

    expect(await read(broker, 2)).toEqual([0, 1])
  })

  test('a broker that serves nothing of what it should have is not asked for ever', async () => {
    const broker = new ScriptedBroker(topic)
    broker.fill(0, brokerBatch({ at: 0 }))

    await expect(read(broker, 2)).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      facts: { topic: 'orders', partition: 0, offset: 1 },
    })
    expect(broker.asked.length).toBeLessThan(200)
  })
})
