import { describe, expect, test } from 'vitest'
import { type BackupProgress, CaptureProgress } from './capture-progress.ts'

describe('the progress of a capture', () => {
  test('partitions add up: what was read, and what is still to come', () => {
    const reports: BackupProgress[] = []
    const progress = new CaptureProgress((report) => reports.push(report))
    const event = {
      topic: 'orders',
      partition: 0,
      records: 10,
      bytes: 100,
      nextOffset: 10,
      endOffset: 30,
    }

    progress.update(event)
    progress.update({ ...event, partition: 1, endOffset: 15 })
    progress.update({ ...event, nextOffset: 20 })

    expect(reports).toEqual([
      { records: 10, bytes: 100, total: 30 },
      { records: 20, bytes: 200, total: 45 },
      { records: 30, bytes: 300, total: 45 },
    ])
  })
})
