import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { compressionCodecs } from '../src/record-batch/compression.ts'
import { batchHeaderBytes } from '../src/record-batch/header.ts'
import type { KafkaRecord } from '../src/record-batch/records.ts'
import { brokerBatch } from './batches.ts'
import { contentOf, readPartition } from './read-partition.ts'
import { connectTo, expectOverrides } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'
import { keyedRecords, type StoredRecord, storedBatch } from './stored-batch.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
})
afterAll(() => cluster[Symbol.asyncDispose]())

const bytes = (text: string): Buffer => Buffer.from(text)

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
    const tombstones = keyedRecords([0, 1], { value: null })
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

describe('bytes that change in memory after they were read and checked', () => {
  test('are refused by the broker, and the restore fails', async () => {
    // Too many records to be merged with others, which would check it again.
    const batch = brokerBatch({ at: 0, records: 40, value: 'x'.repeat(200) })
    const damage = ({ value }: KafkaRecord): void => {
      if (value !== null) value[7] = 0
    }
    const attempt = restoreSketch(
      cluster,
      { partitions: 1, segments: [{ chunks: [{ partition: 0, batches: [batch] }] }] },
      {
        transforms: [
          (record) => {
            damage(record)
            return record
          },
        ],
      },
    )
    await expect(attempt).rejects.toMatchObject({
      code: 'KAFKA_DATA_CORRUPT',
      facts: { kafkaError: 'CORRUPT_MESSAGE', restored: 0 },
    })
  })
})

describe('batches of one record', () => {
  test('become one batch with the same records, and compare', async () => {
    const records = keyedRecords(Array.from({ length: 500 }, (_, offset) => offset))
    const { as, report } = await restoreSketch(cluster, {
      partitions: 1,
      segments: [
        {
          chunks: [
            { partition: 0, batches: records.slice(0, 300).map((record) => storedBatch([record])) },
            { partition: 0, batches: records.slice(300).map((record) => storedBatch([record])) },
          ],
        },
      ],
    })
    const batches = await readPartition(cluster, as, 0)
    const restored = batches.flatMap((batch) => batch.records)
    expect(batches.map(({ header }) => header.records)).toEqual([300, 200])
    expect(contentOf(restored)).toEqual(contentOf(records))
    expect(restored.map(({ offset }) => offset)).toEqual(records.map(({ offset }) => offset))
    expect(report.verification).toEqual({ records: 500, differences: [], missingOffsets: 0 })
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
              batches: [storedBatch(keyedRecords([3, 7, 8]), { codec: 'snappy', lastOffset: 12 })],
            },
          ],
        },
      ],
    })
    const [only] = await readPartition(cluster, as, 0)
    expect(only?.records.map(({ offset }) => offset)).toEqual([0, 1, 2])
    expect(only?.header.codec).toBe('snappy')
    expect(contentOf(only?.records ?? [])).toEqual(contentOf(keyedRecords([3, 7, 8])))
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
              batches: [storedBatch(keyedRecords([0, 1]), { appendTime: 1_650_000_000_000n })],
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
    await expectOverrides(cluster, as, { 'message.timestamp.type': 'LogAppendTime' })
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

describe('the content of records', () => {
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
})
