import { MemoryStorage, realClock } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { compressionCodecs } from '../src/record-batch/compression.ts'
import { CaptureUnderTest, captureOnce } from './capture-run.ts'
import { readCaptured, valuesOf } from './captured.ts'
import { readPartition } from './read-partition.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { TestBroker } from './test-broker.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
let broker: TestBroker
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
  broker = await TestBroker.connect(cluster)
})
afterAll(async () => {
  await broker[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

const inMemory = (): MemoryStorage => MemoryStorage.open({ clock: realClock })
const value = (text: string): { value: Buffer } => ({ value: Buffer.from(text) })

const once = { mode: { kind: 'once', openTransactionPatienceMs: 0 } } as const

/** Waits until all markers are written: until then the last stable offset lags behind. */
async function markersWritten(topic: string): Promise<void> {
  const allStable = async (): Promise<boolean> => {
    const stable = await cluster.listOffsets(topic, 'latest', 'read-committed')
    const end = await cluster.listOffsets(topic, 'latest', 'read-uncommitted')
    return [...end].every(([partition, offset]) => stable.get(partition) === offset)
  }
  await expect.poll(allStable, { timeout: 30_000 }).toBe(true)
}

describe('batches', () => {
  test.each(compressionCodecs)(
    'compressed with %s are stored as the broker has them',
    async (codec) => {
      const topic = uniqueTopic('codec')
      await broker.createTopic(topic, 2)
      const storage = inMemory()
      const records = Array.from({ length: 50 }, (_, index) => value(`value ${index} `.repeat(20)))
      await broker.send(topic, { codec, records })
      await broker.send(topic, { codec, records, partition: 1 })
      await broker.send(topic, { codec, records: [value('last')] })
      const report = await captureOnce({ cluster, storage, topics: [topic], codec: 'zstd' })

      expect(report.topics).toMatchObject([{ topic, partitions: 2, records: 101, segments: 1 }])
      const { partitions } = await readCaptured(storage, topic)
      for (const partition of [0, 1]) {
        const served = await readPartition(cluster, topic, partition)
        const batches = partitions.get(partition)?.batches ?? []
        expect(batches.map(({ header }) => header.codec)).toEqual(served.map(() => codec))
        expect(batches.map(({ bytes }) => bytes.subarray(61).toString('hex'))).toEqual(
          served.map(({ section }) => section.toString('hex')),
        )
      }
    },
  )

  test('keep the time that the broker set', async () => {
    const topic = uniqueTopic('append-time')
    await broker.createTopic(topic, 1, { 'message.timestamp.type': 'LogAppendTime' })
    const storage = inMemory()
    const before = Date.now()
    await broker.send(topic, { records: [{ timestamp: 5n }, { timestamp: 7n }] })
    await captureOnce({ cluster, storage, topics: [topic] })

    const { index, partitions } = await readCaptured(storage, topic)
    expect(partitions.get(0)?.batches[0]?.header.timestampType).toBe('log-append')
    const [segment] = index.segments
    expect(segment?.flags).toEqual(['logAppendTime'])
    expect(segment?.time?.[0]).toBeGreaterThanOrEqual(before)
    expect(segment?.time?.[1]).toBe(segment?.time?.[0])
  })

  test('that are larger than the limit of a fetch are backed up', async () => {
    const topic = uniqueTopic('large')
    await broker.createTopic(topic, 2, { 'max.message.bytes': '30000000' })
    const storage = inMemory()
    const large = value('x'.repeat(12_000_000))
    for (const partition of [0, 1]) {
      await broker.send(topic, { partition, records: [value('small')] })
      await broker.send(topic, { partition, records: [large] })
      await broker.send(topic, { partition, records: [value('last')] })
    }
    // Answers of 1 MiB.
    await captureOnce({ cluster, storage, topics: [topic], budgetBytes: 8 * 1024 * 1024 })

    const captured = await readCaptured(storage, topic)
    for (const partition of [0, 1]) {
      expect(valuesOf(captured, partition).map(({ length }) => length)).toEqual([5, 12_000_000, 4])
    }
  })
})

describe('transactions', () => {
  test('aborted by one producer in one answer are distinguished from the one that it commits in between', async () => {
    const topic = uniqueTopic('aborts')
    await broker.createTopic(topic)
    const transactions = await broker.beginTransactions(uniqueTopic('tx'))
    for (const [text, ends] of [
      ['aborted 1', 'abort'],
      ['committed', 'commit'],
      ['aborted 2', 'abort'],
    ] as const) {
      await transactions.begin(topic)
      await transactions.send(topic, [value(text), value(text)])
      await broker.send(topic, { records: [value('plain')] })
      await transactions[ends]()
    }
    await markersWritten(topic)
    const storage = inMemory()
    const report = await captureOnce({ cluster, storage, topics: [topic] })

    const captured = await readCaptured(storage, topic)
    expect(valuesOf(captured)).toEqual(['plain', 'committed', 'committed', 'plain', 'plain'])
    expect(report.topics[0]?.records).toBe(5)
    const producerId = String(transactions.producerId)
    expect(captured.aborted).toEqual([
      { partition: 0, producerId, first: 0, marker: 3 },
      { partition: 0, producerId, first: 8, marker: 11 },
    ])
    // Control and aborted batches are stored too.
    const stored = captured.partitions.get(0)?.batches ?? []
    expect(stored.filter(({ header }) => header.isControl)).toHaveLength(3)
    expect(captured.partitions.get(0)?.covered).toEqual([[0, 12]])
  })

  test('whose abort marker comes in a later answer and a later segment are aborted', async () => {
    const topic = uniqueTopic('late-marker')
    await broker.createTopic(topic)
    const transactions = await broker.beginTransactions(uniqueTopic('tx'))
    await transactions.begin(topic)
    const parts = 12
    for (let part = 0; part < parts; part++) {
      await transactions.send(topic, [value('x'.repeat(700_000))])
    }
    await broker.send(topic, { records: [value('plain')] })
    await transactions.abort()
    await markersWritten(topic)
    const storage = inMemory()
    const setting = { budgetBytes: 8 * 1024 * 1024, segment: { maxBytes: 1, maxAgeMs: 1e9 } }
    await captureOnce({ cluster, storage, topics: [topic], ...setting })

    const captured = await readCaptured(storage, topic)
    expect(captured.index.segments.length).toBeGreaterThan(5)
    expect(valuesOf(captured)).toEqual(['plain'])
    const markers = captured.aborted.map(({ first, marker }) => [first, marker])
    expect(markers[0]).toEqual([0, 1])
    expect(markers.at(-1)).toEqual([0, parts + 1])
  })

  test('that stay open are reported with their producer, and the rest is committed', async () => {
    const [topic, other] = [uniqueTopic('open'), uniqueTopic('other')]
    await broker.createTopic(topic)
    await broker.createTopic(other)
    const transactions = await broker.beginTransactions(uniqueTopic('tx'))
    await broker.send(topic, { records: [value('before')] })
    await transactions.begin(topic)
    await transactions.send(topic, [value('open')])
    await broker.send(topic, { records: [value('behind')] })
    await broker.send(other, { records: [value('other')] })
    const storage = inMemory()
    const run = captureOnce({ cluster, storage, topics: [topic, other] })

    await expect(run).rejects.toMatchObject({
      code: 'KAFKA_TRANSACTION_OPEN',
      facts: { topic, partition: 0, next: 1, end: 3, producerId: String(transactions.producerId) },
    })
    expect(valuesOf(await readCaptured(storage, topic))).toEqual(['before'])
    expect(valuesOf(await readCaptured(storage, other))).toEqual(['other'])

    await transactions.commit()
    await markersWritten(topic)
    await captureOnce({ cluster, storage, topics: [topic] })
    expect(valuesOf(await readCaptured(storage, topic))).toEqual(['before', 'open', 'behind'])
  })

  test('that end while a run waits for them are backed up by that run', async () => {
    const topic = uniqueTopic('patience')
    await broker.createTopic(topic)
    const transactions = await broker.beginTransactions(uniqueTopic('tx'))
    await transactions.begin(topic)
    await transactions.send(topic, [value('late')])
    const storage = inMemory()
    const mode = { kind: 'once', openTransactionPatienceMs: 60_000 } as const
    const run = captureOnce({ cluster, storage, topics: [topic], mode })
    await transactions.commit()
    await run

    expect(valuesOf(await readCaptured(storage, topic))).toEqual(['late'])
  })
})

describe('logs with holes', () => {
  test('are covered where compaction removed offsets, also at the end', async () => {
    const topic = uniqueTopic('compacted')
    await broker.createTopic(topic, 1, {
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0.0001',
      'segment.ms': '100',
      'delete.retention.ms': '0',
      'max.compaction.lag.ms': '100',
    })
    const key = Buffer.from('key')
    const records = ['1', '2', '3'].map((text) => ({ key, ...value(text) }))
    await broker.send(topic, { records: [...records, { key: Buffer.from('gone'), ...value('x') }] })
    await broker.send(topic, { records: [{ key: Buffer.from('gone'), value: null }] })
    await expect
      .poll(
        async () => {
          // Only what another batch follows is cleaned.
          await broker.send(topic, { records: [{ key: Buffer.from('roll'), ...value('r') }] })
          const batches = await readPartition(cluster, topic, 0)
          return batches.flatMap((batch) => batch.records.map(({ offset }) => offset)).slice(0, 2)
        },
        { timeout: 60_000, interval: 500 },
      )
      .toEqual([2, expect.toSatisfy((offset: number) => offset > 5)])
    const storage = inMemory()
    await captureOnce({ cluster, storage, topics: [topic] })

    const { index, partitions } = await readCaptured(storage, topic)
    const end = (await cluster.listOffsets(topic, 'latest', 'read-uncommitted')).get(0) ?? 0
    expect(index.segments[0]?.offsets[0]?.slice(0, 2)).toEqual([0, end])
    expect(index.segments[0]?.flags).toEqual(['holes'])
    expect(partitions.get(0)?.records[0]?.offset).toBe(2)
  })

  test('are on the disk of the leader from their start without remote storage', async () => {
    const topic = uniqueTopic('local-start')
    await broker.createTopic(topic)
    await broker.send(topic, { records: ['0', '1', '2', '3'].map(value) })
    await broker.deleteRecords(topic, 2)
    const starts = await cluster.listOffsets(topic, 'earliest-local', 'read-uncommitted')
    expect(starts).toEqual(new Map([[0, 2]]))
  })

  test('are backed up from their start, without what DeleteRecords left in the first batch', async () => {
    const topic = uniqueTopic('deleted')
    await broker.createTopic(topic)
    await broker.send(topic, { records: ['0', '1', '2', '3'].map(value) })
    await broker.send(topic, { records: [value('4')] })
    await broker.deleteRecords(topic, 2)
    const storage = inMemory()
    await captureOnce({ cluster, storage, topics: [topic] })

    const captured = await readCaptured(storage, topic)
    expect(captured.index.incarnations[0]?.start).toEqual({ 0: 2 })
    expect(captured.partitions.get(0)?.covered).toEqual([[2, 5]])
    expect(valuesOf(captured)).toEqual(['2', '3', '4'])
  })

  test('become a gap with a warning where DeleteRecords removed what was not backed up', async () => {
    const topic = uniqueTopic('overtaken')
    await broker.createTopic(topic, 2)
    const storage = inMemory()
    await broker.send(topic, { records: [value('0')] })
    await captureOnce({ cluster, storage, topics: [topic] })
    await broker.send(topic, { records: ['1', '2'].map(value) })
    await broker.send(topic, { records: [value('3')] })
    await broker.send(topic, { partition: 1, records: [value('safe')] })
    await broker.deleteRecords(topic, 3)
    const run = new CaptureUnderTest({ ...once, cluster, storage, topics: [topic] })
    const report = await run.report

    const gap = { in: 0, partition: 0, offsets: [1, 3], reason: 'retention' }
    expect(report.topics).toMatchObject([{ topic, records: 2, gaps: [gap] }])
    expect(run.gaps).toMatchObject([{ topic, gap }])
    expect(run.warnings).toMatchObject([
      { code: 'KAFKA_OFFSETS_LOST', facts: { topic, partition: 0, next: 1, earliest: 3 } },
    ])
    const captured = await readCaptured(storage, topic)
    expect(captured.index.gaps).toMatchObject([gap])
    expect(valuesOf(captured, 0)).toEqual(['0', '3'])
    expect(valuesOf(captured, 1)).toEqual(['safe'])
  })

  test('become a gap once where DeleteRecords removed everything that was not backed up', async () => {
    const topic = uniqueTopic('emptied')
    await broker.createTopic(topic)
    const storage = inMemory()
    await broker.send(topic, { records: [value('0')] })
    await captureOnce({ cluster, storage, topics: [topic] })
    await broker.send(topic, { records: ['1', '2'].map(value) })
    await broker.deleteRecords(topic, 3)
    const overtaken = new CaptureUnderTest({ ...once, cluster, storage, topics: [topic] })
    await overtaken.report
    await broker.send(topic, { records: [value('3')] })
    const report = await captureOnce({ cluster, storage, topics: [topic] })

    expect(overtaken.progress.at(-1)).toMatchObject({ records: 0, nextOffset: 3, endOffset: 3 })
    expect(report.topics).toMatchObject([{ records: 1, gaps: [], begun: [] }])
    const captured = await readCaptured(storage, topic)
    expect(captured.index.gaps).toMatchObject([{ partition: 0, offsets: [1, 3] }])
    expect(valuesOf(captured)).toEqual(['0', '3'])
  })
})
