import { MemoryStorage, realClock, realRandom } from '@kannery/storage-testkit'
import { type KafkaServer, startKafka } from '@kannery/testing/servers/kafka/kafka-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { parseBootstrapServers } from '../src/configuration/bootstrap-servers.ts'
import { CaptureUnderTest } from './capture-run.ts'
import { readCaptured, valuesOf } from './captured.ts'
import { uniqueTopic } from './real-cluster.ts'
import { TestBroker } from './test-broker.ts'

let kafka: KafkaServer
let cluster: KafkaCluster
beforeAll(async () => {
  kafka = await startKafka({ brokers: 3 })
  cluster = await KafkaCluster.connect({
    clock: realClock,
    random: realRandom,
    connection: {
      bootstrapServers: parseBootstrapServers(kafka.bootstrapServers),
      clientId: 'kannery-test',
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 3000,
    },
  })
}, 120_000)
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await kafka.stop()
})

async function sendTo(topic: string, partition: number, text: string): Promise<void> {
  const [described] = (await cluster.metadata([topic])).topics
  await using broker = await TestBroker.connect(cluster, described?.partitions[partition]?.leader)
  await broker.send(topic, { partition, records: [{ value: Buffer.from(text) }] })
}

describe('a topic with a partition on a broker that is down', () => {
  test('a partition without a leader is reported, and the others of its topic are backed up', {
    timeout: 120_000,
  }, async () => {
    const topic = uniqueTopic('offline')
    await cluster.createTopic({ name: topic, partitions: 3, replicationFactor: 1, config: {} })
    const { partitions } = await cluster.topic(topic)
    for (const { partition } of partitions) await sendTo(topic, partition, 'before')
    const offline = partitions.find(({ leader }) => leader !== 1)?.partition ?? 0
    const others = [0, 1, 2].filter((partition) => partition !== offline)
    await kafka.killBroker(partitions[offline]?.leader ?? 0)
    await expect
      .poll(async () => (await cluster.metadata([topic])).topics[0]?.partitions[offline]?.leader, {
        timeout: 60_000,
      })
      .toBeUndefined()

    const storage = MemoryStorage.open({ clock: realClock })
    const mode = { kind: 'once', openTransactionPatienceMs: 0 } as const
    const once = new CaptureUnderTest({ cluster, storage, topics: [topic], mode })
    await expect(once.report).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      facts: { topic, partition: offline },
    })
    expect(once.ended?.topics).toMatchObject([{ topic, partitions: 3, records: 2 }])

    for (const partition of others) await sendTo(topic, partition, 'after')
    const following = new CaptureUnderTest({ cluster, storage, topics: [topic] })
    await following.until(() => following.records === 2)
    await following.stop()
    const captured = await readCaptured(storage, topic)
    for (const partition of others) {
      expect(valuesOf(captured, partition)).toEqual(['before', 'after'])
    }
    expect(captured.partitions.has(offline)).toBe(false)
  })
})
