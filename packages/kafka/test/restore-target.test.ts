import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { readPartition } from './read-partition.ts'
import { connectTo, expectOverrides, uniqueTopic } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'
import { keyedRecords, storedBatch } from './stored-batch.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
})
afterAll(() => cluster[Symbol.asyncDispose]())

const never = '9223372036854775807'

describe('the topic', () => {
  const one = [{ chunks: [{ partition: 0, batches: [storedBatch(keyedRecords([0, 1]))] }] }]

  test('is created as it was, its configuration set last', async () => {
    const config = {
      'cleanup.policy': 'compact',
      'compression.type': 'gzip',
      'max.message.bytes': '2000000',
      'min.insync.replicas': '2',
      'segment.bytes': '10485760',
      'leader.replication.throttled.replicas': '0:1',
    }
    const as = uniqueTopic('created')
    const described: ReturnType<KafkaCluster['describeTopicConfig']>[] = []
    const observer = { onProgress: () => void described.push(cluster.describeTopicConfig(as)) }
    await restoreSketch(
      cluster,
      { partitions: 4, config, replicationFactor: 3, segments: one },
      { as, observer },
    )
    expect((await described[0])?.overrides).toEqual({
      'cleanup.policy': 'delete',
      'compression.type': 'producer',
      'max.message.bytes': '2000000',
      'min.insync.replicas': '1',
      'segment.bytes': '10485760',
      'segment.ms': never,
    })
    expect((await cluster.topic(as)).partitions).toHaveLength(4)
    await expectOverrides(cluster, as, {
      'cleanup.policy': 'compact',
      'compression.type': 'gzip',
      'max.message.bytes': '2000000',
      // There is one broker, and one replica cannot keep two in sync.
      'min.insync.replicas': '1',
      'segment.bytes': '10485760',
    })
  })
  test('is used as it is when it is there and empty', async () => {
    const as = uniqueTopic('existing')
    const config = { 'retention.ms': '-1', 'flush.ms': '1000' }
    await cluster.createTopic({ name: as, partitions: 5, replicationFactor: 1, config })
    const { report } = await restoreSketch(
      cluster,
      { partitions: 1, config: { 'retention.ms': '7' }, segments: one },
      { as },
    )
    expect(report).toMatchObject({ as, verification: { records: 2 } })
    expect((await cluster.topic(as)).partitions).toHaveLength(5)
    await expectOverrides(cluster, as, config)
  })

  test('is refused when it holds anything, and a finished restore is not repeated', async () => {
    const { as } = await restoreSketch(cluster, { partitions: 1, segments: one })
    await expect(
      restoreSketch(cluster, { partitions: 1, segments: one }, { as }),
    ).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_NOT_EMPTY',
      why: 'it holds 2 offsets in partition 0',
    })
    expect(await readPartition(cluster, as, 0)).toHaveLength(1)
  })

  test('is refused with all findings at once, and stays empty', async () => {
    const as = uniqueTopic('unfit')
    await cluster.createTopic({
      name: as,
      partitions: 1,
      replicationFactor: 1,
      config: {
        'max.message.bytes': '90',
        'message.timestamp.type': 'LogAppendTime',
        'message.timestamp.before.max.ms': '1000',
        'retention.ms': '60000',
      },
    })
    const attempt = restoreSketch(cluster, { partitions: 3, segments: one }, { as })
    const error = await attempt.catch((caught: unknown) => caught)
    expect(error).toMatchObject({ message: '5 findings prevent the restore' })
    const { why } = error as { why: string }
    for (const words of [
      'has 1 partitions, the restore needs 3',
      'its max.message.bytes is 90',
      'LogAppendTime',
      'message.timestamp.before.max.ms',
      'older than its retention.ms',
    ]) {
      expect(why).toContain(words)
    }
    expect(await readPartition(cluster, as, 0)).toEqual([])
  })

  test('is refused when it has fewer replicas than must be in sync, also when that is found out by creating it', async () => {
    const as = uniqueTopic('insync')
    const config = { 'min.insync.replicas': '2' }
    await cluster.createTopic({ name: as, partitions: 1, replicationFactor: 1, config })
    const finding = {
      code: 'KAFKA_TOPIC_MISMATCH',
      why: 'partition 0 has 1 replicas, and its min.insync.replicas is 2',
    }

    await expect(
      restoreSketch(cluster, { partitions: 1, segments: one }, { as }),
    ).rejects.toMatchObject(finding)
    await expect(
      restoreSketch(cluster, { partitions: 1, segments: one, config }),
    ).rejects.toMatchObject(finding)
  })

  test('is not created when its final retention would delete what was restored', async () => {
    const as = uniqueTopic('short-lived')
    await expect(
      restoreSketch(
        cluster,
        { partitions: 1, config: { 'retention.ms': '60000' }, segments: one },
        { as },
      ),
    ).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_MISMATCH',
      why: expect.stringContaining('about 2 of 2'),
    })
    const { topics } = await cluster.metadata([as])
    expect(topics[0]?.error).toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN' })
  })

  test.each(['keep', 'source'] as const)(
    'is created anyway when that was chosen: %s',
    async (retention) => {
      const { as } = await restoreSketch(
        cluster,
        { partitions: 1, config: { 'retention.ms': '60000' }, segments: one },
        { retention },
      )
      await expectOverrides(
        cluster,
        as,
        retention === 'keep'
          ? { 'retention.bytes': '-1', 'retention.ms': '-1' }
          : { 'retention.ms': '60000' },
      )
    },
  )

  test('is created without the settings that the cluster does not know or take, and each is named', async () => {
    const config = {
      'flush.ms': '7',
      'redpanda.remote.read': 'false',
      'segment.bytes': '102400',
      'message.format.version': '3.0',
      'remote.storage.enable': 'true',
    }
    const { as, report } = await restoreSketch(cluster, { partitions: 2, config, segments: one })

    expect(report.settingsLeftOut.map(({ name, value }) => `${name}=${value}`).toSorted()).toEqual([
      'message.format.version=3.0',
      'redpanda.remote.read=false',
      'remote.storage.enable=true',
      'segment.bytes=102400',
    ])
    expect(report.settingsLeftOut.every(({ reason }) => reason.length > 0)).toBe(true)
    expect(report.verification).toMatchObject({ records: 2, differences: [] })
    await expectOverrides(cluster, as, { 'flush.ms': '7' })
  })

  test.each([
    [
      'a configuration that the cluster does not take',
      { config: { 'retention.ms': 'soon' } },
      {},
      /retention.ms/,
    ],
    ['more replicas than brokers', {}, { replicationFactor: 3 }, /replication factor/i],
  ])('is not created with %s', async (_name, sketch, options, words) => {
    const as = uniqueTopic('unwanted')
    await expect(
      restoreSketch(cluster, { partitions: 1, segments: one, ...sketch }, { as, ...options }),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID', why: expect.stringMatching(words) })
    const { topics } = await cluster.metadata([as])
    expect(topics[0]?.error).toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN' })
  })
})
