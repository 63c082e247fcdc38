import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { writeBackup } from '../../../test/backup.ts'
import { type StoredRecord, storedBatch } from '../../../test/stored-batch.ts'
import { BackupReader } from '../../reading/backup-reader.ts'
import type { RestoreWindow } from '../../reading/window.ts'
import { estimateRestore, type RestoreEstimate } from './restore-estimate.ts'

function batch(from: number, count: number, time: number): Buffer {
  const records = Array.from({ length: count }, (_, index): StoredRecord => {
    const [offset, timestamp] = [from + index, BigInt(time + index)]
    return { offset, timestamp, key: null, value: null, headers: [] }
  })
  return storedBatch(records)
}

async function look(
  window: RestoreWindow = {},
  partitions?: readonly number[],
  olderThanMs?: number,
): Promise<RestoreEstimate> {
  const clock = new TestClock()
  const storage = MemoryStorage.open({ clock })
  await writeBackup(
    { storage, clock, random: seededRandom(1) },
    {
      topic: 'orders',
      partitions: 2,
      segments: [
        {
          chunks: [
            { partition: 0, batches: [batch(0, 30, 1000)] },
            { partition: 1, batches: [batch(0, 10, 1000)] },
          ],
        },
        { chunks: [{ partition: 0, batches: [batch(30, 8, 2000)] }] },
      ],
    },
  )
  const reader = await BackupReader.open(storage, 'orders')
  return estimateRestore(reader, reader.select({ window, partitions }), olderThanMs)
}

describe('the estimate of a restore', () => {
  test('counts everything when the whole backup is chosen', async () => {
    expect(await look()).toMatchObject({
      records: 48,
      largestBatchBytes: batch(0, 30, 1000).length,
      oldest: 1000,
      newest: 2007,
      olderRecords: 0,
      notRestored: [],
    })
  })

  test('gives a partition the share of its offsets', async () => {
    expect(await look({}, [1])).toMatchObject({ records: 10, newest: 1029 })
  })

  test('does not count segments outside the window', async () => {
    expect(await look({ sinceMs: 1500 })).toMatchObject({ records: 8, oldest: 2000 })
  })

  test('counts as old only the records of segments that are old as a whole', async () => {
    expect((await look({}, undefined, 1029)).olderRecords).toBe(0)
    expect((await look({}, undefined, 1030)).olderRecords).toBe(40)
    expect((await look({}, undefined, 2007)).olderRecords).toBe(40)
  })

  test('is empty when there is nothing to restore', async () => {
    expect(await look({ sinceMs: 5000 })).toEqual({
      records: 0,
      bytes: 0,
      largestBatchBytes: 0,
      oldest: undefined,
      newest: undefined,
      olderRecords: 0,
      notRestored: [],
    })
  })
})
