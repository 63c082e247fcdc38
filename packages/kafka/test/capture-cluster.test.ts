import { MemoryStorage, realClock } from '@kannery/storage-testkit'
import { type KafkaServer, startKafka } from '@kannery/testing/servers/kafka/kafka-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { CaptureUnderTest } from './capture-run.ts'
import { readCaptured, valuesOf } from './captured.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { TestBroker } from './test-broker.ts'

let kafka: KafkaServer
let cluster: KafkaCluster
beforeAll(async () => {
  kafka = await startKafka({ brokers: 3 })
  cluster = await connectTo(kafka.bootstrapServers)
}, 120_000)
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await kafka.stop()
})

async function sendTo(partition: number, topic: string, texts: readonly string[]): Promise<void> {
  const leader = (await cluster.topic(topic)).partitions[partition]?.leader
  await using broker = await TestBroker.connect(cluster, leader)
  for (const text of texts) {
    await broker.send(topic, { partition, records: [{ value: Buffer.from(text) }] })
  }
}

describe('a cluster that loses a broker', () => {
  test('a backup follows the partitions of a broker that dies to their new leaders', {
    timeout: 120_000,
  }, async () => {
    const topic = uniqueTopic('moving')
    const partitions = 6
    await cluster.createTopic({ name: topic, partitions, replicationFactor: 3, config: {} })
    const storage = MemoryStorage.open({ clock: realClock })
    const run = new CaptureUnderTest({ cluster, storage, topics: [topic] })
    for (let partition = 0; partition < partitions; partition++) {
      await sendTo(partition, topic, ['0', '1'])
    }
    await run.until(() => run.records === 2 * partitions)

    const before = await cluster.topic(topic)
    const victim = before.partitions[0]?.leader ?? 1
    await kafka.killBroker(victim)
    await expect
      .poll(async () => (await cluster.metadata([topic])).topics[0]?.partitions[0]?.leader, {
        timeout: 60_000,
      })
      .toSatisfy((leader: number | undefined) => leader !== undefined && leader !== victim)
    for (let partition = 0; partition < partitions; partition++) {
      await sendTo(partition, topic, ['2', '3'])
    }
    await run.until(() => run.records === 4 * partitions)
    const report = await run.stop()

    expect(report.topics).toMatchObject([{ topic, partitions, records: 4 * partitions }])
    const captured = await readCaptured(storage, topic)
    for (let partition = 0; partition < partitions; partition++) {
      expect(valuesOf(captured, partition)).toEqual(['0', '1', '2', '3'])
    }
    expect(run.warnings).toEqual([])
  })
})
