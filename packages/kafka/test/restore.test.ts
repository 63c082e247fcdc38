import { MemoryStorage } from '@kannery/storage-testkit'
import { describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { compressionCodecs } from '../src/record-batch/compression.ts'
import { encodeBatch } from '../src/record-batch/encode.ts'
import type { UnnumberedRecord } from '../src/record-batch/encode-records.ts'
import { type BatchHeader, batchHeaderBytes, walkBatches } from '../src/record-batch/header.ts'
import { decodeRecords, type KafkaRecord } from '../src/record-batch/records.ts'
import { restore } from '../src/restore/restore.ts'
import type { RestoreOptions } from '../src/restore/restore-options.ts'
import { TargetReader } from '../src/restore/verification/target-reader.ts'
import { type BackupSketch, writeBackup } from './backup.ts'
import { brokerBatch } from './batches.ts'
import { connectTo, realClock, realRandom, uniqueTopic } from './real-cluster.ts'

const { bootstrapServers } = inject('kafka')

interface Batch {
  readonly header: BatchHeader
  readonly section: Buffer
  readonly records: readonly KafkaRecord[]
}

/** All that a partition holds, as the broker serves it. */
async function readPartition(
  cluster: KafkaCluster,
  name: string,
  partition: number,
): Promise<Batch[]> {
  const topic = await cluster.topic(name)
  await using reader = new TargetReader({ cluster, clock: realClock, topic, maxBytes: 1_000_000 })
  const ends = await cluster.listOffsets(name, 'latest', 'read-uncommitted')
  const batches: Batch[] = []
  for await (const { header, bytes } of reader.batches(partition, 0, ends.get(partition) ?? 0)) {
    batches.push({
      header,
      section: Buffer.from(
        bytes.subarray(header.position + batchHeaderBytes, header.position + header.length),
      ),
      records: decodeRecords(Buffer.from(bytes), header),
    })
  }
  return batches
}

async function restored(
  cluster: KafkaCluster,
  sketch: Omit<BackupSketch, 'topic'>,
  changes: Partial<RestoreOptions> = {},
) {
  const topic = uniqueTopic('restored')
  const storage = MemoryStorage.open({ clock: realClock })
  await writeBackup({ storage, clock: realClock, random: realRandom }, { topic, ...sketch })
  const report = await restore({
    storage,
    cluster,
    topic,
    window: {},
    verify: true,
    skipDamaged: false,
    clock: realClock,
    observer: { onProgress: () => {} },
    ...changes,
  })
  return { topic, report }
}

describe('the verbatim path', () => {
  test.each(compressionCodecs)(
    'keeps the records section of a %s batch byte for byte',
    async (codec) => {
      await using cluster = await connectTo(bootstrapServers)
      const batch = brokerBatch({ at: 41, records: 20, codec, value: 'x'.repeat(200) })
      const section = Buffer.from(batch.subarray(batchHeaderBytes))
      const { topic } = await restored(cluster, {
        partitions: 1,
        segments: [{ chunks: [{ partition: 0, batches: [batch] }] }],
      })

      const [only, ...others] = await readPartition(cluster, topic, 0)
      expect(others).toEqual([])
      expect(only?.section.equals(section)).toBe(true)
      expect(only?.header).toMatchObject({
        codec,
        records: 20,
        attributes: compressionCodecs.indexOf(codec),
      })
    },
  )
})
