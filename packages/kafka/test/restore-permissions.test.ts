import { realClock, realRandom } from '@kannery/storage-testkit'
import { runKafkaTool } from '@kannery/testing/servers/kafka/kafka-installation'
import { type KafkaServer, startKafka } from '@kannery/testing/servers/kafka/kafka-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { parseBootstrapServers } from '../src/configuration/bootstrap-servers.ts'
import type { RestoreReport } from '../src/restore/restore-options.ts'
import { brokerBatch } from './batches.ts'
import { readPartition } from './read-partition.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'

let kafka: KafkaServer
let admin: KafkaCluster
let stranger: KafkaCluster

beforeAll(async () => {
  kafka = await startKafka({ security: true })
  admin = await connectTo(kafka.bootstrapServers)
  const { security } = kafka
  if (security === undefined) throw new Error('the broker has no secure listeners')
  stranger = await KafkaCluster.connect({
    clock: realClock,
    random: realRandom,
    connection: {
      bootstrapServers: parseBootstrapServers(security.listeners['sasl-plaintext']),
      clientId: 'kannery-test',
      sasl: { mechanism: 'PLAIN', ...security.users.stranger },
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
    },
  })
}, 120_000)
afterAll(async () => {
  await stranger[Symbol.asyncDispose]()
  await admin[Symbol.asyncDispose]()
  await kafka.stop()
})

const sketch = {
  partitions: 1,
  segments: [{ chunks: [{ partition: 0, batches: [brokerBatch({ at: 0, records: 3 })] }] }],
}

async function allow(topic: string, ...operations: readonly string[]): Promise<void> {
  await runKafkaTool(
    'org.apache.kafka.tools.AclCommand',
    '--bootstrap-server',
    kafka.bootstrapServers,
    '--add',
    '--allow-principal',
    'User:stranger',
    ...operations.flatMap((operation) => ['--operation', operation]),
    '--topic',
    topic,
  )
}

describe('the permissions of a restore', () => {
  test('a user without permissions learns which are missing, and nothing is created', async () => {
    const as = uniqueTopic('forbidden')
    await expect(restoreSketch(stranger, sketch, { as })).rejects.toMatchObject({
      code: 'KAFKA_DENIED',
      why: expect.stringContaining('Describe'),
    })
    const { topics } = await admin.metadata([as])
    expect(topics[0]?.error).toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN' })
  })

  test('a user who may not write into an existing topic learns it before a byte is written', async () => {
    const as = uniqueTopic('read-only')
    await admin.createTopic({ name: as, partitions: 1, replicationFactor: 1, config: {} })
    await allow(as, 'Describe', 'DescribeConfigs', 'Read')
    await allow(uniqueTopic('elsewhere'), 'Write')

    await expect(restoreSketch(stranger, sketch, { as })).rejects.toMatchObject({
      code: 'KAFKA_DENIED',
      message: `not allowed: Write on topic "${as}"`,
      remedy: expect.stringContaining('the operation Write on topic'),
      facts: { operation: 'Write' },
    })
    expect(await readPartition(admin, as, 0)).toEqual([])
  })

  test('a user who may create and write, but not alter configurations, learns it before a byte is written', async () => {
    const as = uniqueTopic('unfinished')
    await allow(as, 'Create', 'Describe', 'DescribeConfigs', 'Write', 'Read')

    const reports: RestoreReport[] = []
    const observer = {
      onProgress: () => {},
      onEnded: (ended: RestoreReport) => void reports.push(ended),
    }
    await expect(restoreSketch(stranger, sketch, { as, observer })).rejects.toMatchObject({
      code: 'KAFKA_DENIED',
      message: `not allowed: AlterConfigs on topic "${as}"`,
    })
    expect(reports).toMatchObject([{ as, created: true, partitions: [] }])
    expect(await readPartition(admin, as, 0)).toEqual([])

    await allow(as, 'AlterConfigs')
    const { report } = await restoreSketch(stranger, sketch, { as })
    expect(report.verification).toEqual({ records: 3, differences: [], missingOffsets: 0 })
  })
})
