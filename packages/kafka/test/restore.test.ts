import type { MemoryStorage } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { compressionCodecs } from '../src/record-batch/compression.ts'
import { batchHeaderBytes } from '../src/record-batch/header.ts'
import type { RestorePlan, RestoreReport } from '../src/restore/restore-options.ts'
import type { Settings } from '../src/restore/settings/topic-settings.ts'
import { brokerBatch } from './batches.ts'
import { contentOf, readPartition } from './read-partition.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'
import type { RestoreObserver } from './restore-topic.ts'
import { type StoredRecord, storedBatch } from './stored-batch.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
})
afterAll(() => cluster[Symbol.asyncDispose]())

const never = '9223372036854775807'

const bytes = (text: string): Buffer => Buffer.from(text)

function records(offsets: readonly number[], changes: Partial<StoredRecord> = {}): StoredRecord[] {
  return offsets.map((offset) => ({
    offset,
    timestamp: BigInt(1_700_000_000_000 + offset),
    key: bytes(`key ${offset}`),
    value: bytes(`value ${offset}`),
    headers: [],
    ...changes,
  }))
}

/** Brokers hear of a new configuration soon after the controller took it. */
async function expectOverrides(topic: string, overrides: Settings): Promise<void> {
  await expect
    .poll(async () => (await cluster.describeTopicConfig(topic)).overrides)
    .toEqual(overrides)
}

describe('the verbatim path', () => {
  test.each(compressionCodecs)(
    'keeps the records section of a %s batch byte for byte',
    async (codec) => {
      const batch = brokerBatch({ at: 41, records: 20, codec, value: 'x'.repeat(200) })
      const section = Buffer.from(batch.subarray(batchHeaderBytes))
      const { as } = await restoreSketch(cluster, {
        partitions: 1,
        segments: [{ chunks: [{ partition: 0, batches: [batch] }] }],
      })

      const [only, ...others] = await readPartition(cluster, as, 0)
      expect(others).toEqual([])
      expect(only?.section.equals(section)).toBe(true)
      expect(only?.header).toMatchObject({
        codec,
        records: 20,
        attributes: compressionCodecs.indexOf(codec),
      })
    },
  )

  test('keeps tombstones whose delete horizon has passed', async () => {
    const tombstones = records([0, 1], { value: null })
    const { as } = await restoreSketch(cluster, {
      partitions: 1,
      config: { 'cleanup.policy': 'compact' },
      segments: [
        { chunks: [{ partition: 0, batches: [storedBatch(tombstones, { deleteHorizon: 1n })] }] },
      ],
    })
    const [only] = await readPartition(cluster, as, 0)
    expect(only?.header.hasDeleteHorizon).toBe(false)
    expect(contentOf(only?.records ?? [])).toEqual(contentOf(tombstones))
  })
})

describe('the re-encoding path', () => {
  test('writes what compaction left, without holes', async () => {
    const { as, report } = await restoreSketch(cluster, {
      partitions: 1,
      segments: [
        {
          chunks: [
            {
              partition: 0,
              batches: [storedBatch(records([3, 7, 8]), { codec: 'snappy', lastOffset: 12 })],
            },
          ],
        },
      ],
    })
    const [only] = await readPartition(cluster, as, 0)
    expect(only?.records.map(({ offset }) => offset)).toEqual([0, 1, 2])
    expect(only?.header.codec).toBe('snappy')
    expect(contentOf(only?.records ?? [])).toEqual(contentOf(records([3, 7, 8])))
    expect(report.partitions).toMatchObject([{ records: 3, firstOffset: 0, nextOffset: 3 }])
  })

  test('gives each record the time that the broker gave it, and the topic its type at last', async () => {
    const { as } = await restoreSketch(cluster, {
      partitions: 1,
      config: { 'message.timestamp.type': 'LogAppendTime' },
      segments: [
        {
          chunks: [
            {
              partition: 0,
              batches: [storedBatch(records([0, 1]), { appendTime: 1_650_000_000_000n })],
            },
          ],
        },
      ],
    })
    const [only] = await readPartition(cluster, as, 0)
    expect(only?.records.map(({ timestamp }) => timestamp)).toEqual([
      1_650_000_000_000n,
      1_650_000_000_000n,
    ])
    await expectOverrides(as, { 'message.timestamp.type': 'LogAppendTime' })
  })

  test('leaves out aborted transactions and their markers', async () => {
    const { as } = await restoreSketch(cluster, {
      partitions: 1,
      segments: [
        {
          aborted: [{ partition: 0, producerId: '7', first: 0, marker: 2 }],
          chunks: [
            {
              partition: 0,
              batches: [
                brokerBatch({ at: 0, producer: 7n, value: 'aborted' }),
                brokerBatch({ at: 1, producer: 8n, value: 'committed' }),
                brokerBatch({ at: 2, producer: 7n, marker: 'abort' }),
                brokerBatch({ at: 3, producer: 8n, marker: 'commit' }),
              ],
            },
          ],
        },
      ],
    })
    const batches = await readPartition(cluster, as, 0)
    expect(batches.map(({ header }) => header.isTransactional)).toEqual([false])
    expect(batches[0]?.records.map(({ value }) => String(value))).toEqual(['committed'])
  })
})

test('records keep null apart from empty, and headers their order, doubles and bytes', async () => {
  const nasty: StoredRecord[] = [
    { offset: 0, timestamp: -1n, key: null, value: null, headers: [] },
    { offset: 1, timestamp: 0n, key: bytes(''), value: bytes(''), headers: [] },
    {
      offset: 5,
      timestamp: 4_102_444_800_000n,
      key: Buffer.from([0xff, 0xfe]),
      value: bytes('v'),
      headers: [
        { key: bytes('b'), value: bytes('1') },
        { key: bytes('a'), value: null },
        { key: bytes('b'), value: bytes('') },
        { key: bytes(''), value: Buffer.from([0]) },
        { key: Buffer.from([0xc3, 0x28]), value: bytes('not UTF-8') },
      ],
    },
  ]
  for (const codec of compressionCodecs) {
    const { as } = await restoreSketch(cluster, {
      partitions: 1,
      segments: [{ chunks: [{ partition: 0, batches: [storedBatch(nasty, { codec })] }] }],
    })
    const [only] = await readPartition(cluster, as, 0)
    expect(contentOf(only?.records ?? [])).toEqual(contentOf(nasty))
  }
})

describe('a part of a backup', () => {
  const sketch = {
    partitions: 3,
    segments: [
      {
        chunks: [0, 1, 2].map((partition) => ({
          partition,
          batches: [storedBatch(records([0, 1, 2, 3])), storedBatch(records([4, 5, 6]))],
        })),
      },
    ],
  }

  test('by time', async () => {
    const { as, report } = await restoreSketch(cluster, sketch, {
      window: { sinceMs: 1_700_000_000_002, untilMs: 1_700_000_000_005 },
    })
    const batches = await readPartition(cluster, as, 1)
    expect(contentOf(batches.flatMap((batch) => batch.records))).toEqual(
      contentOf(records([2, 3, 4])),
    )
    expect(report.verification).toEqual({ records: 9, differences: [], missingOffsets: 0 })
  })

  test('by partition, into a topic that has all of them', async () => {
    const { as, report } = await restoreSketch(cluster, sketch, { partitions: [1] })
    expect((await cluster.topic(as)).partitions).toHaveLength(3)
    expect(await readPartition(cluster, as, 0)).toEqual([])
    expect(await readPartition(cluster, as, 1)).toHaveLength(2)
    expect(report.partitions).toMatchObject([{ partition: 1, records: 7, nextOffset: 7 }])
  })
})

describe('the topic', () => {
  const one = [{ chunks: [{ partition: 0, batches: [storedBatch(records([0, 1]))] }] }]

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
    await expectOverrides(as, {
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
    await expectOverrides(as, config)
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
    await expectOverrides(as, { 'flush.ms': '7' })
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

describe('an interrupted restore', () => {
  const many = {
    partitions: 2,
    config: { 'flush.ms': '5000' },
    segments: [0, 1].map((segment) => ({
      chunks: Array.from({ length: 50 }, (_, index) => ({
        partition: index % 2,
        batches: [
          storedBatch(records([segment * 25 + (index >> 1)], { value: Buffer.alloc(20_000) })),
        ],
      })),
    })),
  }

  test('stops cleanly and says what is in the target', async () => {
    const stop = new AbortController()
    const as = uniqueTopic('interrupted')
    let ended: RestoreReport | undefined
    const attempt = restoreSketch(cluster, many, {
      as,
      signal: stop.signal,
      budgetBytes: 50_000,
      observer: {
        onProgress: ({ records: count }) => {
          if (count >= 10) stop.abort()
        },
        onEnded: (report) => {
          ended = report
        },
      },
    })
    const error = await attempt.catch((caught: unknown) => caught)
    const restored = await Promise.all(
      [0, 1].map((partition) => readPartition(cluster, as, partition)),
    )
    const count = restored.flat().reduce((sum, batch) => sum + batch.records.length, 0)

    expect(count).toBeGreaterThanOrEqual(10)
    expect(count).toBeLessThan(100)
    expect(error).toMatchObject({
      code: 'INTERRUPTED',
      facts: { topic: as, restored: count },
      remedy: expect.stringContaining('delete it'),
    })
    const reported = ended?.partitions.reduce((sum, partition) => sum + partition.records, 0)
    expect(reported).toBe(count)
  })

  test('that had not written anything yet can be run again, and finishes the topic', async () => {
    const as = uniqueTopic('early')
    const held = { 'cleanup.policy': 'delete', 'segment.ms': never, 'flush.ms': '5000' }
    await cluster.createTopic({
      name: as,
      partitions: 2,
      replicationFactor: -1,
      config: held,
    })
    await expectOverrides(as, held)
    const { report } = await restoreSketch(cluster, many, { as })
    expect(report.verification?.records).toBe(100)
    await expectOverrides(as, { 'flush.ms': '5000' })
  })
})

describe('offsets that the backup does not give', () => {
  const chunk = (...offsets: readonly number[]) => [
    { partition: 0, batches: [storedBatch(records(offsets))] },
  ]
  const deleted = 'the retention of the backup has deleted them'

  test('are named with the reason, before the first record and in the report', async () => {
    const sketch = {
      partitions: 1,
      segments: [
        { chunks: chunk(0, 1), state: 'deleted' as const },
        { chunks: chunk(5, 6) },
        { chunks: chunk(7, 8, 9), state: 'expired' as const },
      ],
      gaps: [
        {
          in: 0,
          partition: 0,
          offsets: [2, 5] as const,
          reason: 'they were gone before they could be backed up',
          noticed: '2026-11-23T07:00:00.000Z',
        },
      ],
    }
    const plans: RestorePlan[] = []
    const totals = new Set<number>()
    const observer: RestoreObserver = {
      onPlanned: (plan) => plans.push(plan),
      onProgress: ({ total }) => totals.add(total),
    }
    const { as, report } = await restoreSketch(cluster, sketch, { observer })

    expect(report.notRestored).toEqual([
      { partition: 0, offsets: [0, 2], reason: deleted },
      { partition: 0, offsets: [2, 5], reason: 'they were gone before they could be backed up' },
      {
        partition: 0,
        offsets: [7, 10],
        reason: 'the retention of the backup has marked them as expired',
      },
    ])
    expect(plans).toMatchObject([{ records: 2, notRestored: report.notRestored }])
    expect([...totals]).toEqual([2])
    expect(report.verification).toEqual({ records: 2, differences: [], missingOffsets: 8 })
    expect(await readPartition(cluster, as, 0)).toHaveLength(1)
  })

  test('may be all that was asked for: the topic is empty then, and the report says why', async () => {
    const sketch = {
      partitions: 1,
      segments: [{ chunks: chunk(0, 1, 2), state: 'deleted' as const }],
    }
    const { report } = await restoreSketch(cluster, sketch)

    expect(report).toMatchObject({
      partitions: [{ partition: 0, records: 0 }],
      notRestored: [{ partition: 0, offsets: [0, 3], reason: deleted }],
      verification: { records: 0, missingOffsets: 3 },
    })
  })
})

test('a budget smaller than any batch only slows the restore down', async () => {
  const { report } = await restoreSketch(
    cluster,
    {
      partitions: 2,
      segments: [
        {
          codec: 'zstd',
          chunks: Array.from({ length: 20 }, (_, index) => ({
            partition: index % 2,
            batches: [
              storedBatch(
                records([(index >> 1) * 2, (index >> 1) * 2 + 1], {
                  value: bytes('x'.repeat(5000)),
                }),
              ),
            ],
          })),
        },
      ],
    },
    { budgetBytes: 1 },
  )
  expect(report.verification).toEqual({ records: 40, differences: [], missingOffsets: 0 })
})

test('damage is refused, or left out and named, and the comparison knows of it', async () => {
  const sketch = {
    partitions: 1,
    segments: [
      { chunks: [{ partition: 0, batches: [storedBatch(records([0, 1]))] }] },
      { chunks: [{ partition: 0, batches: [storedBatch(records([2, 3]))] }] },
    ],
  }
  const damaged = async (storage: MemoryStorage): Promise<void> => {
    const [key, content] = [...storage.contents()].find(([name]) => name.endsWith('.kan')) ?? []
    if (key === undefined || content === undefined) throw new Error('no segment')
    const changed = Buffer.from(content)
    const at = changed.indexOf('value 0')
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    await storage.put(key, changed, { condition: { kind: 'overwrite' } })
  }
  await expect(restoreSketch(cluster, sketch, {}, damaged)).rejects.toMatchObject({
    code: 'DATA_CORRUPT',
    remedy: expect.stringContaining('Nothing was written'),
  })
  const { as, report } = await restoreSketch(cluster, sketch, { skipDamaged: true }, damaged)
  expect(report.skippedDamage).toHaveLength(1)
  expect(report.verification).toEqual({ records: 2, differences: [], missingOffsets: 0 })
  const batches = await readPartition(cluster, as, 0)
  expect(contentOf(batches.flatMap((batch) => batch.records))).toEqual(contentOf(records([2, 3])))
})
