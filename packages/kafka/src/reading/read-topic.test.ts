import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { expect, test } from 'vitest'
import { type BackupSketch, writeBackup } from '../../test/backup.ts'
import { brokerBatch } from '../../test/batches.ts'
import { readTopic } from './read-topic.ts'

test('reads', async () => {
  const clock = new TestClock()
  const storage = MemoryStorage.open({ clock })
  await writeBackup(
    { storage, clock, random: seededRandom(1) },
    {
      topic: 'orders',
      partitions: 1,
      segments: [{ chunks: [{ partition: 0, batches: [brokerBatch({ at: 0, records: 3 })] }] }],
    },
  )
  const offsets = []
  for await (const batch of readTopic({ storage, topic: 'orders', window: {} }))
    offsets.push(...batch.records().map(({ offset }) => offset))
  expect(offsets).toEqual([0, 1, 2])
})
