import { crc32c, formatDigest } from '@kannery/core/digest'
import { encodeIndex, encodePage, type Page, summarizeHoldings } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import type { StorageBackend } from '@kannery/storage'
import { MemoryStorage, realClock } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../src/cluster/metadata.ts'
import { BackupReader } from '../src/reading/backup-reader.ts'
import { CaptureUnderTest, captureOnce } from './capture-run.ts'
import { readCaptured, valuesOf } from './captured.ts'
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

async function recreate(topic: string): Promise<TopicMetadata> {
  await broker.deleteTopic(topic)
  await expect
    .poll(async () => (await cluster.metadata([topic])).topics[0]?.error?.code)
    .toBe('KAFKA_TOPIC_UNKNOWN')
  return await broker.createTopic(topic)
}

/** Reads the values of one incarnation as a restore does. */
async function valuesRead(
  storage: MemoryStorage,
  topic: string,
  incarnation?: number,
): Promise<readonly string[]> {
  const reader = await BackupReader.open(storage, topic)
  const batches = await Array.fromAsync(reader.batches(reader.select({ window: {}, incarnation })))
  return batches.flatMap((batch) => batch.records().map(({ value: of }) => String(of))).sort()
}

describe('the next run', () => {
  test('continues where the index ends, and adds nothing when nothing is new', async () => {
    const topic = uniqueTopic('again')
    await broker.createTopic(topic)
    const storage = inMemory()
    await broker.send(topic, { records: ['0', '1'].map(value) })
    await captureOnce({ cluster, storage, topics: [topic] })
    expect(await captureOnce({ cluster, storage, topics: [topic] })).toMatchObject({
      topics: [{ topic, records: 0, segments: 0 }],
    })
    await broker.send(topic, { records: [value('2')] })
    const report = await captureOnce({ cluster, storage, topics: [topic] })

    expect(report.topics).toMatchObject([{ topic, records: 1, segments: 1 }])
    const { partitions } = await readCaptured(storage, topic)
    expect(partitions.get(0)?.covered).toEqual([
      [0, 2],
      [2, 3],
    ])
  })

  test('backs up partitions that were added in the meantime', async () => {
    const topic = uniqueTopic('grown')
    await broker.createTopic(topic)
    const storage = inMemory()
    await captureOnce({ cluster, storage, topics: [topic] })
    await broker.addPartitions(topic, 3)
    await expect.poll(async () => (await cluster.topic(topic)).partitions.length).toBe(3)
    await broker.send(topic, { partition: 2, records: [value('new')] })
    await captureOnce({ cluster, storage, topics: [topic] })

    const captured = await readCaptured(storage, topic)
    expect(captured.index.incarnations[0]).toMatchObject({ partitions: 3 })
    expect(valuesOf(captured, 2)).toEqual(['new'])
  })

  test('begins a new branch where an unclean election truncated what was backed up', async () => {
    const topic = uniqueTopic('truncated')
    const { topicId } = await broker.createTopic(topic, 2)
    const storage = inMemory()
    await broker.send(topic, { records: ['0', '1'].map(value) })
    await broker.send(topic, { partition: 1, records: [value('other')] })
    await captureOnce({ cluster, storage, topics: [topic] })
    // As if another broker had led it in epochs that this one never heard of.
    const { index } = await readCaptured(storage, topic)
    const segments = index.segments.map((entry) => ({
      ...entry,
      offsets: { ...entry.offsets, 0: [0, 2, 7] as const },
    }))
    await storage.put(topicKeys(topic).index, encodeIndex({ ...index, segments }), {
      condition: { kind: 'overwrite' },
    })
    const run = new CaptureUnderTest({ ...once, cluster, storage, topics: [topic] })
    const report = await run.report

    const begun = { incarnation: 1, reason: 'truncated' }
    expect(report.topics).toMatchObject([{ topic, records: 3, begun: [begun] }])
    expect(run.opened.at(-1)).toMatchObject({ topic, begun })
    expect(run.warnings).toMatchObject([
      {
        code: 'KAFKA_OFFSETS_LOST',
        why: expect.stringContaining('does not know leader epoch 7'),
        facts: { topic, partition: 0, next: 2, epoch: 7 },
      },
    ])
    const captured = await readCaptured(storage, topic)
    expect(captured.index.incarnations).toMatchObject([
      { n: 0, topicId, branch: 0 },
      { n: 1, topicId, branch: 1, start: { 0: 0, 1: 0 } },
    ])
    expect(captured.index.segments.map(({ in: n, records }) => [n, records])).toEqual([
      [0, 3],
      [1, 3],
    ])
    expect(await valuesRead(storage, topic, 0)).toEqual(['0', '1', 'other'])
    expect(await valuesRead(storage, topic)).toEqual(['0', '1', 'other'])
    expect(await captureOnce({ cluster, storage, topics: [topic] })).toMatchObject({
      topics: [{ records: 0, begun: [] }],
    })
  })

  test('begins a new branch where the log was truncated and has grown since, also for a partition that only a page lists', async () => {
    const topic = uniqueTopic('truncated-paged')
    await broker.createTopic(topic)
    const storage = inMemory()
    await broker.send(topic, { records: ['0', '1'].map(value) })
    await captureOnce({ cluster, storage, topics: [topic] })
    await movedIntoPage(storage, topic, { leaderEpoch: 7 })
    await broker.send(topic, { records: ['2'].map(value) })

    const run = new CaptureUnderTest({ ...once, cluster, storage, topics: [topic] })
    const report = await run.report

    expect(report.topics).toMatchObject([{ records: 3, begun: [{ reason: 'truncated' }] }])
    expect(run.warnings).toMatchObject([
      { code: 'KAFKA_OFFSETS_LOST', facts: { topic, partition: 0, next: 2, epoch: 7 } },
    ])
  })

  // The broker answers the first with OFFSET_OUT_OF_RANGE, the second with the epoch at which it
  // diverges.
  test.each([
    ['unknown', -1, { latest: 2 }],
    ['known', 0, { epoch: 0, endOffset: 2 }],
  ])(
    'begins a new branch where the log ends before what was backed up, the epoch of which is %s',
    async (_, epoch, facts) => {
      const topic = uniqueTopic('ends-before')
      await broker.createTopic(topic)
      const storage = inMemory()
      await broker.send(topic, { records: ['0', '1'].map(value) })
      await captureOnce({ cluster, storage, topics: [topic] })
      const { index } = await readCaptured(storage, topic)
      const offsets = { 0: [0, 9, epoch] as const }
      const segments = index.segments.map((entry) => ({ ...entry, offsets }))
      await storage.put(topicKeys(topic).index, encodeIndex({ ...index, segments }), {
        condition: { kind: 'overwrite' },
      })
      const run = new CaptureUnderTest({ ...once, cluster, storage, topics: [topic] })
      const report = await run.report

      expect(report.topics).toMatchObject([{ records: 2, begun: [{ reason: 'truncated' }] }])
      expect(run.warnings).toMatchObject([
        { code: 'KAFKA_OFFSETS_LOST', facts: { topic, partition: 0, next: 9, ...facts } },
      ])
    },
  )

  test('begins a new incarnation of a topic that was created again, and keeps the one before', async () => {
    const topic = uniqueTopic('recreated')
    const before = await broker.createTopic(topic, 2)
    const storage = inMemory()
    await broker.send(topic, { records: [value('old')] })
    await captureOnce({ cluster, storage, topics: [topic] })
    const after = await recreate(topic)
    await broker.send(topic, { records: [value('new'), value('new')] })
    const run = new CaptureUnderTest({ ...once, cluster, storage, topics: [topic] })
    const report = await run.report

    const begun = { incarnation: 1, reason: 'created-again' }
    expect(report.topics).toMatchObject([{ topic, partitions: 1, records: 2, begun: [begun] }])
    expect(run.opened).toMatchObject([{ topic, begun }])
    expect(run.warnings).toMatchObject([
      {
        code: 'KAFKA_TOPIC_MISMATCH',
        facts: { topic, topicId: after.topicId, backupTopicId: before.topicId },
      },
    ])
    const captured = await readCaptured(storage, topic)
    expect(captured.index.incarnations).toMatchObject([
      { n: 0, topicId: before.topicId, partitions: 2, branch: 0 },
      { n: 1, topicId: after.topicId, partitions: 1, branch: 0 },
    ])
    expect(await valuesRead(storage, topic, 0)).toEqual(['old'])
    expect(await valuesRead(storage, topic)).toEqual(['new', 'new'])
    const again = new CaptureUnderTest({ ...once, cluster, storage, topics: [topic] })
    expect(await again.report).toMatchObject({ topics: [{ records: 0, begun: [] }] })
    expect(again.warnings).toEqual([])
  })

  test('ignores a broker that describes a topic as it was before it was created again', async () => {
    const topic = uniqueTopic('behind')
    const before = await broker.createTopic(topic)
    const storage = inMemory()
    await captureOnce({ cluster, storage, topics: [topic] })
    await recreate(topic)
    await captureOnce({ cluster, storage, topics: [topic] })
    const behind = new Proxy(cluster, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property, target)
        if (property !== 'metadata')
          return typeof member === 'function' ? member.bind(target) : member
        return async (names: readonly string[]) => {
          const metadata = await target.metadata(names)
          const { topicId, topicIdBytes } = before
          return {
            ...metadata,
            topics: metadata.topics.map((of) => ({ ...of, topicId, topicIdBytes })),
          }
        }
      },
    })
    await expect(captureOnce({ cluster: behind, storage, topics: [topic] })).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      facts: { topic, topicId: before.topicId },
    })
    expect((await readCaptured(storage, topic)).index.incarnations).toHaveLength(2)
  })
})

describe('topics', () => {
  test('that do not exist are an error before anything is written', async () => {
    const topic = uniqueTopic('here')
    await broker.createTopic(topic)
    const storage = inMemory()
    const topics = [topic, uniqueTopic('nowhere')]
    await expect(captureOnce({ cluster, storage, topics })).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_UNKNOWN',
      facts: { pattern: topics[1] },
    })
    const entries = await Array.fromAsync(storage.list('' as never, { depth: 'all' }))
    expect(entries).toEqual([])
  })

  test('are stored with their configuration and all their partitions, also empty ones', async () => {
    const topic = uniqueTopic('described')
    const { topicId } = await broker.createTopic(topic, 5, { 'retention.ms': '123456789' })
    const storage = inMemory()
    await captureOnce({ cluster, storage, topics: [topic] })

    const { index } = await readCaptured(storage, topic)
    expect(index).toMatchObject({ topic, cluster: cluster.clusterId })
    expect(index.incarnations).toMatchObject([
      { topicId, partitions: 5, config: { 'retention.ms': '123456789' } },
    ])
    expect(index.incarnations[0]?.effective['cleanup.policy']).toBe('delete')
    expect(Object.keys(index.incarnations[0]?.start ?? {})).toHaveLength(5)
  })

  test('share a small budget where many are small and one is large', async () => {
    const prefix = uniqueTopic('many')
    const large = `${prefix}-large`
    await broker.createTopic(large, 2)
    for (let batch = 0; batch < 40; batch++) {
      const records = [value(`${batch} `.padEnd(800_000, 'x'))]
      await broker.send(large, { partition: batch % 2, records })
    }
    const small = Array.from({ length: 10 }, (_, index) => `${prefix}-small-${index}`)
    for (const topic of small) {
      await broker.createTopic(topic)
      await broker.send(topic, { records: [value(topic)] })
    }
    const storage = inMemory()
    const budgetBytes = 16 * 1024 * 1024
    const report = await captureOnce({ cluster, storage, topics: [`${prefix}*`], budgetBytes })

    expect(report.topics).toHaveLength(11)
    const captured = await readCaptured(storage, large)
    expect(captured.index.segments.length).toBeGreaterThan(4)
    for (const partition of [0, 1]) {
      const numbers = valuesOf(captured, partition).map((text) => Number.parseInt(text, 10))
      expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => 2 * index + partition))
    }
    for (const topic of small) expect(valuesOf(await readCaptured(storage, topic))).toEqual([topic])
  })

  test('of a thousand partitions are read completely', { timeout: 120_000 }, async () => {
    const topic = uniqueTopic('thousand')
    await broker.createTopic(topic, 1000)
    for (let partition = 0; partition < 1000; partition++) {
      await broker.send(topic, { partition, records: [value(`in ${partition}`)] })
    }
    const storage = inMemory()
    const run = new CaptureUnderTest({ cluster, storage, topics: [topic] })
    await run.until(() => run.records === 1000)
    const report = await run.stop()

    expect(report.topics).toMatchObject([{ partitions: 1000, records: 1000, segments: 1 }])
    const captured = await readCaptured(storage, topic)
    expect(captured.partitions.size).toBe(1000)
    for (const partition of [0, 1, 500, 999]) {
      expect(valuesOf(captured, partition)).toEqual([`in ${partition}`])
    }
  })
})

/**
 * As a backup whose one segment is in a page, and was led in an epoch that this broker never heard
 * of.
 */
async function movedIntoPage(
  storage: StorageBackend,
  topic: string,
  { leaderEpoch }: { readonly leaderEpoch: number },
): Promise<void> {
  const { index } = await readCaptured(storage, topic)
  const [entry] = index.segments
  const holdings = summarizeHoldings(index)
  if (entry === undefined || holdings === undefined) throw new Error('nothing is backed up')
  const { epoch, writer, requires, commit: id } = index
  const [from, next] = entry.offsets[0] ?? [0, 0]
  const page: Page = {
    format: 1,
    requires,
    topic,
    page: id,
    level: 1,
    in: 0,
    epoch,
    writer,
    next: { 0: next },
    leaderEpochs: { 0: leaderEpoch },
    segments: [{ ...entry, offsets: { 0: [from, next, leaderEpoch] } }],
    pages: [],
    extra: {},
  }
  const bytes = encodePage(page)
  const digest = formatDigest(crc32c(bytes))
  const summary = { ...holdings, id, in: 0, level: 1, bytes: bytes.length, digest }
  const overwrite = { condition: { kind: 'overwrite' } } as const
  await storage.put(topicKeys(topic).page(id), bytes, overwrite)
  const moved = { ...index, pages: [summary], segments: [] }
  await storage.put(topicKeys(topic).index, encodeIndex(moved), overwrite)
}
