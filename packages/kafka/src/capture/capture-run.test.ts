import { MemoryStorage, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../test/batches.ts'
import { CaptureUnderTest } from '../../test/capture-run.ts'
import { readCaptured } from '../../test/captured.ts'
import { PlayedBroker } from '../../test/played-broker.ts'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { CaptureReport } from './observer.ts'

const topicIdBytes = new Uint8Array(16).fill(7)
const topic = {
  name: 'orders',
  topicId: Buffer.from(topicIdBytes).toString('base64url'),
  topicIdBytes,
}

interface PlayedLogs {
  /** Effective configuration of the topic. */
  readonly config: Readonly<Record<string, string>>
  /** Where the broker's own disk begins; what lies before is in remote storage. */
  readonly localStart?: number
}

/** A cluster of one played broker that leads partition 0 of its topic. */
function clusterOf(broker: PlayedBroker, { config, localStart = 0 }: PlayedLogs): KafkaCluster {
  const leader = { partition: 0, leader: 1, leaderEpoch: 5, replicas: [1], isr: [1] }
  const cluster = {
    clusterId: 'played',
    metadata: async () => ({
      clusterId: 'played',
      controllerId: 1,
      brokers: new Map([[1, { id: 1, host: 'played', port: 9092, rack: undefined }]]),
      topics: [{ ...topic, internal: false, partitions: [leader] }],
    }),
    listOffsets: async (_: string, at: 'earliest' | 'earliest-local' | 'latest') => {
      const latest = broker.partitions.get(0)?.highWatermark ?? 0
      return new Map([[0, { earliest: 0, 'earliest-local': localStart, latest }[at]]])
    },
    openConnection: broker.cluster.openConnection,
    describeTopicConfig: async () => ({ overrides: {}, effective: config }),
    describeProducers: async () => [],
  }
  // The class has private members, which nothing but itself can have.
  return cluster as unknown as KafkaCluster
}

/** A backup to the end of one topic of a played broker, in a time of its own. */
class World {
  readonly clock = new TestClock()
  readonly storage = MemoryStorage.open({ clock: this.clock })
  readonly broker = new PlayedBroker(topic)

  async backUp(logs: PlayedLogs): Promise<CaptureReport> {
    return await this.clock.passUntil(this.start(logs).report)
  }

  start(logs: PlayedLogs): CaptureUnderTest {
    return new CaptureUnderTest({
      cluster: clusterOf(this.broker, logs),
      storage: this.storage,
      clock: this.clock,
      topics: [topic.name],
      mode: { kind: 'once', openTransactionPatienceMs: 30_000 },
    })
  }
}

describe('a run to the end', () => {
  test('reads all of a partition whose remote storage is slow: empty answers are not its end', async () => {
    const world = new World()
    world.broker.fill(0, ...Array.from({ length: 1000 }, (_, at) => brokerBatch({ at })))
    for (let nth = 0; nth < 500; nth++) world.broker.faults.set(nth, { empty: true })
    const report = await world.backUp({ config: { 'cleanup.policy': 'delete' }, localStart: 1000 })

    expect(report.topics).toMatchObject([{ topic: 'orders', records: 1000 }])
    expect(world.clock.monotonic()).toBeGreaterThan(50_000)
  })

  test('fails when remote storage never gives back what is left', async () => {
    const world = new World()
    const played = world.broker.fill(0, brokerBatch({ at: 0 }))
    played.highWatermark = played.lastStableOffset = 1000
    const backup = world.backUp({ config: { 'cleanup.policy': 'compact' }, localStart: 1000 })

    await expect(backup).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      facts: { topic: 'orders', partition: 0, next: 1, localStart: 1000 },
    })
    const { partitions } = await readCaptured(world.storage, 'orders')
    expect(partitions.get(0)?.covered).toEqual([[0, 1]])
  })

  test('ends where compaction removed the last records', async () => {
    const world = new World()
    const played = world.broker.fill(0, brokerBatch({ at: 0 }))
    played.highWatermark = played.lastStableOffset = 5
    const report = await world.backUp({ config: { 'cleanup.policy': 'compact' } })

    expect(report.topics).toMatchObject([{ topic: 'orders', records: 1 }])
    expect(world.clock.monotonic()).toBeGreaterThanOrEqual(5000)
  })

  test('says what is to be read before anything is read', async () => {
    const world = new World()
    world.broker.fill(0, ...Array.from({ length: 1000 }, (_, at) => brokerBatch({ at })))
    const backup = world.start({ config: {} })
    await world.clock.passUntil(backup.report)

    const [first] = backup.progress
    expect(first).toMatchObject({ partition: 0, records: 0, nextOffset: 0, endOffset: 1000 })
  })

  test('that fails says all the same what was committed, and of which topic the rest is missing', async () => {
    const world = new World()
    const played = world.broker.fill(0, brokerBatch({ at: 0 }))
    played.highWatermark = played.lastStableOffset = 1000
    const backup = world.start({ config: { 'cleanup.policy': 'compact' }, localStart: 1000 })

    await expect(world.clock.passUntil(backup.report)).rejects.toThrow()
    expect(backup.ended).toMatchObject({
      topics: [{ topic: 'orders', records: 1 }],
      failed: [{ topic: 'orders', error: { code: 'KAFKA_UNREACHABLE' } }],
    })
  })
})
