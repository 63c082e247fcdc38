import { type KafkaServer, startKafka } from '@kannery/testing/servers/kafka/kafka-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { Settings } from '../src/restore/settings/topic-settings.ts'
import { brokerBatch } from './batches.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'

const year = 31_536_000_000
let kafka: KafkaServer
let cluster: KafkaCluster
beforeAll(async () => {
  kafka = await startKafka({
    bounds: {
      'max.message.bytes': [0, 8_388_608],
      'retention.ms': [0, year],
      'segment.ms': [14_400_000, year],
      'segment.bytes': [52_428_800, 1_073_741_824],
    },
    properties: { 'log.retention.hours': '24' },
  })
  cluster = await connectTo(kafka.bootstrapServers)
}, 120_000)
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await kafka.stop()
})

/** A backup of a topic with this configuration and three records of just now. */
function sketch(config: Settings) {
  const batches = [brokerBatch({ at: 0, records: 3, time: Date.now() })]
  return { partitions: 1, config, segments: [{ chunks: [{ partition: 0, batches }] }] }
}

/** Brokers hear of a new configuration soon after the controller took it. */
async function expectOverrides(topic: string, overrides: Settings): Promise<void> {
  await expect
    .poll(async () => (await cluster.describeTopicConfig(topic)).overrides)
    .toEqual(overrides)
}

describe('a cluster with a policy for topics', () => {
  test('a topic without settings of its own is restored under a policy that bounds what a restore would hold off', async () => {
    const { as, report } = await restoreSketch(cluster, sketch({}))

    expect(report).toMatchObject({ settingsLeftOut: [], verification: { records: 3 } })
    await expectOverrides(as, {})
  })

  test('settings beyond the bounds are left out and named, and the others are given', async () => {
    const config = { 'segment.bytes': '10485760', 'flush.ms': '7', 'cleanup.policy': 'compact' }
    const { as, report } = await restoreSketch(cluster, sketch(config))

    expect(report.settingsLeftOut).toMatchObject([
      { name: 'segment.bytes', value: '10485760', reason: expect.stringContaining('policy') },
    ])
    await expectOverrides(as, { 'flush.ms': '7', 'cleanup.policy': 'compact' })
  })

  test('a topic that may not keep its records as it did is not created, and the way round is named', async () => {
    const as = uniqueTopic('kept')
    await expect(
      restoreSketch(cluster, sketch({ 'retention.ms': '-1' }), { as }),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      why: expect.stringContaining("'retention.ms' with value '-1'"),
      remedy: expect.stringContaining('restore into it'),
    })
    const { topics } = await cluster.metadata([as])
    expect(topics[0]?.error).toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN' })

    const own = { 'retention.ms': String(year) }
    await cluster.createTopic({ name: as, partitions: 1, replicationFactor: 1, config: own })
    const { report } = await restoreSketch(cluster, sketch({ 'retention.ms': '-1' }), { as })
    expect(report.verification).toMatchObject({ records: 3, differences: [] })
  })
})
