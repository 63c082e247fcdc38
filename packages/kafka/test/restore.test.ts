import type { MemoryStorage } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { RestorePlan, RestoreReport } from '../src/restore/restore-options.ts'
import { contentOf, readPartition } from './read-partition.ts'
import { connectTo, expectOverrides, uniqueTopic } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'
import type { RestoreObserver } from './restore-topic.ts'
import { keyedRecords, storedBatch } from './stored-batch.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
})
afterAll(() => cluster[Symbol.asyncDispose]())

const never = '9223372036854775807'

describe('a part of a backup', () => {
  const sketch = {
    partitions: 3,
    segments: [
      {
        chunks: [0, 1, 2].map((partition) => ({
          partition,
          batches: [storedBatch(keyedRecords([0, 1, 2, 3])), storedBatch(keyedRecords([4, 5, 6]))],
        })),
      },
    ],
  }

  test('is chosen by time', async () => {
    const { as, report } = await restoreSketch(cluster, sketch, {
      window: { sinceMs: 1_700_000_000_002, untilMs: 1_700_000_000_005 },
    })
    const batches = await readPartition(cluster, as, 1)
    expect(contentOf(batches.flatMap((batch) => batch.records))).toEqual(
      contentOf(keyedRecords([2, 3, 4])),
    )
    expect(report.verification).toEqual({ records: 9, differences: [], missingOffsets: 0 })
  })

  test('is chosen by partition, and the target has all partitions', async () => {
    const { as, report } = await restoreSketch(cluster, sketch, { partitions: [1] })
    expect((await cluster.topic(as)).partitions).toHaveLength(3)
    expect(await readPartition(cluster, as, 0)).toEqual([])
    const batches = await readPartition(cluster, as, 1)
    expect(contentOf(batches.flatMap((batch) => batch.records))).toEqual(
      contentOf(keyedRecords([0, 1, 2, 3, 4, 5, 6])),
    )
    expect(report.partitions).toMatchObject([{ partition: 1, records: 7, nextOffset: 7 }])
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
          storedBatch(keyedRecords([segment * 25 + (index >> 1)], { value: Buffer.alloc(20_000) })),
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
    await expectOverrides(cluster, as, held)
    const { report } = await restoreSketch(cluster, many, { as })
    expect(report.verification?.records).toBe(100)
    await expectOverrides(cluster, as, { 'flush.ms': '5000' })
  })
})

describe('offsets that the backup does not give', () => {
  const chunk = (...offsets: readonly number[]) => [
    { partition: 0, batches: [storedBatch(keyedRecords(offsets))] },
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

describe('the memory budget of a restore', () => {
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
                  keyedRecords([(index >> 1) * 2, (index >> 1) * 2 + 1], {
                    value: Buffer.alloc(5000, 'x'),
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
})

describe('a damaged backup', () => {
  test('damage is refused, or left out and named, and the comparison knows of it', async () => {
    const sketch = {
      partitions: 1,
      segments: [
        { chunks: [{ partition: 0, batches: [storedBatch(keyedRecords([0, 1]))] }] },
        { chunks: [{ partition: 0, batches: [storedBatch(keyedRecords([2, 3]))] }] },
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
    expect(contentOf(batches.flatMap((batch) => batch.records))).toEqual(
      contentOf(keyedRecords([2, 3])),
    )
  })
})
