import { MemoryStorage, realClock, realRandom } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { BackupReader } from '../src/reading/backup-reader.ts'
import { TargetReader } from '../src/restore/verification/target-reader.ts'
import { type Verification, verifyTarget } from '../src/restore/verification/verify-target.ts'
import { writeBackup } from './backup.ts'
import { connectTo } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'
import { type StoredRecord, storedBatch } from './stored-batch.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** One record a letter; its offset is its place. */
function stored(letters: string): StoredRecord[] {
  return Array.from(letters, (letter, offset) => ({
    offset,
    timestamp: 1_700_000_000_000n,
    key: null,
    value: Buffer.from(letter),
    headers: [],
  }))
}

/**
 * A backup with these records in partition 1, in batches of `size`; partition 0 is always the same.
 */
function sketch(letters: string, size: number) {
  const records = stored(letters)
  const batches: Buffer[] = []
  for (let start = 0; start < records.length; start += size) {
    batches.push(storedBatch(records.slice(start, start + size), { codec: 'lz4' }))
  }
  return {
    topic: 'orders',
    partitions: 2,
    segments: [
      {
        chunks: [
          { partition: 0, batches: [storedBatch(stored('xyz'))] },
          { partition: 1, batches },
        ],
      },
    ],
  }
}

/** Compares what `there` was restored to with a backup of `expected`. */
async function compare(
  expected: string,
  there: string,
  sizes: readonly [number, number] = [3, 3],
): Promise<Verification> {
  const { as } = await restoreSketch(cluster, sketch(there, sizes[1]), { verify: false })
  const storage = MemoryStorage.open({ clock: realClock })
  await writeBackup({ storage, clock: realClock, random: realRandom }, sketch(expected, sizes[0]))
  const backup = await BackupReader.open(storage, 'orders')
  const topic = await cluster.topic(as)
  const ends = await cluster.listOffsets(as, 'latest', 'read-uncommitted')
  await using reader = new TargetReader({ cluster, clock: realClock, topic, maxBytes: 200 })
  return await verifyTarget({
    topic: as,
    reader,
    ranges: new Map(
      Array.from(ends, ([partition, end]) => [partition, { from: 0, logStart: 0, end }]),
    ),
    backup: backup.chunks(backup.select({ window: {} })),
    notRestored: [],
  })
}

const letters = 'abcdefghijklmnopqrstuvwxyz'

describe('the comparison of a restored topic', () => {
  test('a faithful restore compares, every record counted, also in other batches', async () => {
    expect(await compare(letters, letters)).toEqual({
      records: 29,
      differences: [],
      missingOffsets: 0,
    })
    expect(await compare(letters, letters, [3, 7])).toEqual({
      records: 29,
      differences: [],
      missingOffsets: 0,
    })
  })
})

describe('the comparison fails, naming partition and offset, for', () => {
  test.each([
    ['a changed record', letters.replace('h', 'H'), 7, 'changed: value of the record at offset 7'],
    ['a missing record', letters.replace('h', ''), 7, 'missing: the record at offset 7'],
    ['a missing last record', letters.replace('z', ''), 25, 'missing: the record at offset 25'],
    ['a doubled record', letters.replace('h', 'hh'), 8, 'doubled'],
    ['swapped records', letters.replace('gh', 'hg'), 6, 'swapped'],
    ['records swapped across batches', letters.replace('ij', 'ji'), 8, 'swapped'],
    ['an equal number of records', letters.replace('h', '').replace('p', 'pp'), 7, 'missing'],
  ])('%s', async (_name, there, offset, reason) => {
    await expect(compare(letters, there)).rejects.toMatchObject({
      code: 'VERIFY_FAILED',
      facts: { partition: 1, offset },
      why: expect.stringContaining(`partition 1, offset ${offset}: ${reason}`),
    })
  })
})
