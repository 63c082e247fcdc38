import { MemoryStorage, realClock, realRandom } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { BackupReader } from '../src/reading/backup-reader.ts'
import { compressionCodecs } from '../src/record-batch/compression.ts'
import type { KafkaHeader } from '../src/record-batch/records.ts'
import {
  addOriginalOffset,
  dropHeaders,
  type RecordTransform,
  transformChunks,
} from '../src/restore/records/record-stage.ts'
import { TargetReader } from '../src/restore/verification/target-reader.ts'
import { type Verification, verifyTarget } from '../src/restore/verification/verify-target.ts'
import { type BackupSketch, writeBackup } from './backup.ts'
import { contentOf, readPartition } from './read-partition.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'
import { type StoredRecord, storedBatch } from './stored-batch.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
})
afterAll(() => cluster[Symbol.asyncDispose]())

const header = (name: string, value: string): KafkaHeader => ({
  key: Buffer.from(name),
  value: Buffer.from(value),
})

/** Every third record has no `trace` header, every fifth no header at all. */
function records(offsets: readonly number[]): StoredRecord[] {
  return offsets.map((offset) => ({
    offset,
    timestamp: BigInt(1_700_000_000_000 - offset * 60_000),
    key: offset % 4 === 0 ? null : Buffer.from(`key ${offset}`),
    value: offset % 7 === 0 ? null : Buffer.from(`value ${offset}`),
    headers: [
      ...(offset % 3 === 0 || offset % 5 === 0 ? [] : [header('trace', `${offset}`)]),
      ...(offset % 5 === 0 ? [] : [header('source', 'web'), header('source', `${offset}`)]),
    ],
  }))
}

function withoutTrace(stored: readonly StoredRecord[]): StoredRecord[] {
  return stored.map((record) => ({
    ...record,
    headers: record.headers.filter(({ key }) => Buffer.from(key).toString() !== 'trace'),
  }))
}

function sketchOf(...batches: readonly Buffer[]): Omit<BackupSketch, 'topic'> {
  return { partitions: 1, segments: [{ chunks: [{ partition: 0, batches }] }] }
}

async function restoredContent(as: string): Promise<unknown> {
  const batches = await readPartition(cluster, as, 0)
  return contentOf(batches.flatMap((batch) => batch.records))
}

describe('a restore that drops headers', () => {
  test.each(compressionCodecs)(
    'changes nothing else in a %s batch, and its comparison agrees',
    async (codec) => {
      const offsets = Array.from({ length: 40 }, (_, index) => index)
      const { as, report } = await restoreSketch(
        cluster,
        sketchOf(storedBatch(records(offsets), { codec })),
        { transforms: [dropHeaders(['trace'])] },
      )

      expect(await restoredContent(as)).toEqual(contentOf(withoutTrace(records(offsets))))
      expect(report.verification).toMatchObject({ records: 40, differences: [] })
      expect(report.changes).toEqual({ headersDropped: 21, headersAdded: 0 })
      const [only] = await readPartition(cluster, as, 0)
      expect(only?.header).toMatchObject({ codec, records: 40 })
    },
  )

  test('restores what compaction left, and times that the broker set', async () => {
    const compacted = storedBatch(records([1, 4, 8]), { codec: 'lz4', lastOffset: 12 })
    const appended = storedBatch(records([13, 14]), { appendTime: 1_650_000_000_000n })
    const { as } = await restoreSketch(cluster, sketchOf(compacted, appended), {
      transforms: [dropHeaders(['trace'])],
    })
    const timed = records([13, 14]).map((record) => ({ ...record, timestamp: 1_650_000_000_000n }))
    expect(await restoredContent(as)).toEqual(
      contentOf(withoutTrace([...records([1, 4, 8]), ...timed])),
    )
  })

  test('splits a batch that outgrows the limit of the topic by an added header', async () => {
    const name = 'original-offset'.repeat(40)
    const offsets = Array.from({ length: 50 }, (_, index) => index)
    const limited = {
      ...sketchOf(storedBatch(records(offsets))),
      config: { 'max.message.bytes': '8000' },
    }
    const { as, report } = await restoreSketch(cluster, limited, {
      transforms: [addOriginalOffset(name)],
    })
    const batches = await readPartition(cluster, as, 0)
    const restored = batches.flatMap((batch) => batch.records)
    expect(batches.length).toBeGreaterThan(4)
    expect(report.verification).toMatchObject({ records: 50, differences: [] })
    expect(
      restored.map(({ headers }) => Buffer.from(headers.at(-1)?.value ?? []).toString()),
    ).toEqual(offsets.map(String))
  })

  test('refuses an existing topic that has no room for the header beside a single record', async () => {
    const only = storedBatch(records([1]))
    const as = uniqueTopic('full')
    const config = { 'max.message.bytes': String(only.length) }
    await cluster.createTopic({ name: as, partitions: 1, replicationFactor: 1, config })
    const attempt = restoreSketch(cluster, sketchOf(only), {
      as,
      transforms: [addOriginalOffset('original-offset')],
    })

    await expect(attempt).rejects.toMatchObject({
      code: 'KAFKA_RECORD_REJECTED',
      why: expect.stringContaining(`its max.message.bytes is ${only.length}`),
    })
    expect(await restoredContent(as)).toEqual([])
  })

  test('makes room for the header in a topic that it creates', async () => {
    const only = storedBatch(records([1]))
    const config = { 'max.message.bytes': String(only.length) }
    const { report } = await restoreSketch(
      cluster,
      { ...sketchOf(only), config },
      { transforms: [addOriginalOffset('original-offset'.repeat(20))] },
    )
    expect(report.verification).toMatchObject({ records: 1, differences: [] })
    expect(report.changes).toEqual({ headersDropped: 0, headersAdded: 1 })
  })

  test('leaves out records, and the partition goes on without holes', async () => {
    const odd: RecordTransform = (record) => (record.offset % 2 === 1 ? record : undefined)
    const batches = [storedBatch(records([0, 1, 2, 3])), storedBatch(records([4]))]
    const { as, report } = await restoreSketch(cluster, sketchOf(...batches), { transforms: [odd] })
    expect(await restoredContent(as)).toEqual(contentOf(records([1, 3])))
    expect(report.partitions).toMatchObject([{ records: 2, firstOffset: 0, nextOffset: 2 }])
    expect(report.verification).toMatchObject({ records: 2, differences: [] })
  })
})

describe('the comparison after a restore with transforms', () => {
  /** Restores with `written`, and compares with what `expected` makes of the same backup. */
  async function compare(
    written: readonly RecordTransform[],
    expected: readonly RecordTransform[],
  ): Promise<Verification> {
    const sketch = { topic: 'orders', ...sketchOf(storedBatch(records([1, 2, 3, 4]))) }
    const { as } = await restoreSketch(cluster, sketch, { transforms: written, verify: false })
    const storage = MemoryStorage.open({ clock: realClock })
    await writeBackup({ storage, clock: realClock, random: realRandom }, sketch)
    const backup = await BackupReader.open(storage, 'orders')
    const topic = await cluster.topic(as)
    await using reader = new TargetReader({ cluster, clock: realClock, topic, maxBytes: 100_000 })
    return await verifyTarget({
      topic: as,
      reader,
      ranges: new Map([[0, { from: 0, logStart: 0, end: 4 }]]),
      backup: transformChunks(backup.chunks(backup.select({ window: {} })), expected),
      notRestored: [],
    })
  }

  test('fails where a header was left that should have been dropped', async () => {
    await expect(compare([], [dropHeaders(['trace'])])).rejects.toMatchObject({
      code: 'VERIFY_FAILED',
      why: expect.stringContaining('changed: headers of the record at offset 1 of the backup'),
      facts: { differences: 3 },
    })
  })

  test('fails where a header was dropped that should have been left', async () => {
    await expect(compare([dropHeaders(['source'])], [])).rejects.toMatchObject({
      code: 'VERIFY_FAILED',
      facts: { differences: 4 },
    })
  })

  test('succeeds where both agree', async () => {
    const transforms = [dropHeaders(['trace'])]
    expect(await compare(transforms, transforms)).toMatchObject({ records: 4, differences: [] })
  })
})
