import { MemoryStorage, realClock } from '@kannery/storage-testkit'
import { runKafkaTool } from '@kannery/testing/servers/kafka/kafka-installation'
import { describe, expect, inject, test } from 'vitest'
import { captureOnce } from './capture-run.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'
import { type StoredRecord, storedBatch } from './stored-batch.ts'
import { TestBroker } from './test-broker.ts'

const { bootstrapServers } = inject('kafka')

/** Gives a client id of its own a quota (KIP-13, KIP-599), and returns the id. */
async function limitedClient(quota: string): Promise<string> {
  const clientId = uniqueTopic('limited')
  const entity = ['--entity-type', 'clients', '--entity-name', clientId]
  await runKafkaTool(
    'kafka.admin.ConfigCommand',
    '--bootstrap-server',
    bootstrapServers,
    '--alter',
    '--add-config',
    quota,
    ...entity,
  )
  return clientId
}

function bigBatch(offset: number): Buffer {
  const value = Buffer.alloc(900_000, offset)
  const record: StoredRecord = { offset, timestamp: 1n, key: null, value, headers: [] }
  return storedBatch([record])
}

describe('a cluster with quotas', () => {
  test('a backup reads a topic to its end although the broker throttles fetches', async () => {
    const topic = uniqueTopic('throttled')
    await using writer = await connectTo(bootstrapServers)
    await using broker = await TestBroker.connect(writer)
    await broker.createTopic(topic)
    for (let record = 0; record < 4; record++) {
      await broker.send(topic, { records: [{ value: Buffer.alloc(900_000, record) }] })
    }
    const clientId = await limitedClient('consumer_byte_rate=250000')
    await using cluster = await connectTo(bootstrapServers, { clientId })
    const storage = MemoryStorage.open({ clock: realClock })

    const report = await captureOnce({ cluster, storage, topics: [topic] })
    expect(report.topics).toMatchObject([{ topic, records: 4 }])
  }, 120_000)

  test('a restore is verified to its end although the broker throttles writes and reads', async () => {
    const clientId = await limitedClient('consumer_byte_rate=250000,producer_byte_rate=400000')
    await using cluster = await connectTo(bootstrapServers, { clientId })
    const batches = [0, 1, 2, 3].map(bigBatch)
    const { report } = await restoreSketch(cluster, {
      partitions: 1,
      segments: [{ chunks: [{ partition: 0, batches }] }],
    })

    expect(report.verification).toMatchObject({ records: 4, differences: [] })
  })

  test('a restore waits until the quota lets it create its topic', async () => {
    const clientId = await limitedClient('controller_mutation_rate=1')
    await using cluster = await connectTo(bootstrapServers, { clientId })
    const name = uniqueTopic('before')
    await cluster.createTopic({ name, partitions: 20, replicationFactor: 1, config: {} })

    const { report } = await restoreSketch(cluster, { partitions: 12, segments: [] })
    expect(report.partitions).toHaveLength(12)
  }, 120_000)
})
