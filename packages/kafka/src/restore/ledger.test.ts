import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { Ledger } from './ledger.ts'
import type { RestoreProgress } from './restore-options.ts'

function ledger(total = 10): { book: Ledger; reported: RestoreProgress[] } {
  const reported: RestoreProgress[] = []
  const startOffsets = new Map([
    [0, 0],
    [2, 100],
  ])
  return { reported, book: new Ledger(total, startOffsets, (one) => reported.push(one)) }
}

describe('the ledger of a restore', () => {
  test('acknowledged records add up by partition, and as progress', () => {
    const { book, reported } = ledger()
    book.acknowledged(2, 4, 400)
    book.acknowledged(0, 1, 100)
    book.acknowledged(2, 2, 200)

    expect(book.partitions).toEqual([
      { partition: 0, records: 1, bytes: 100, firstOffset: 0, nextOffset: 1 },
      { partition: 2, records: 6, bytes: 600, firstOffset: 100, nextOffset: 106 },
    ])
    expect(reported).toEqual([
      { records: 4, bytes: 400, total: 10 },
      { records: 5, bytes: 500, total: 10 },
      { records: 7, bytes: 700, total: 10 },
    ])
  })

  test('the total is never less than what was restored', () => {
    const { book, reported } = ledger(3)
    book.acknowledged(0, 5, 1)
    expect(reported.at(-1)?.total).toBe(5)
  })

  test('damage that is found twice is reported once', () => {
    const { book } = ledger()
    const damage = { key: 'orders/1.kan', from: 10, to: 20, reason: 'checksum' }
    book.leftOut(damage)
    book.leftOut({ ...damage, from: 30 })
    book.leftOut({ ...damage })
    expect(book.damage).toEqual([damage, { ...damage, from: 30 }])
  })

  test('an error is extended by what the target holds, and keeps its own reason and remedy', () => {
    const { book } = ledger()
    const error = new KanneryError('KAFKA_UNREACHABLE', 'gone', {
      retry: 'after-refresh',
      why: 'no leader',
      remedy: 'Look.',
      facts: { partition: 2 },
    })
    expect(book.explain(error, 'copy', undefined)).toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: 'gone',
      why: 'no leader',
      retry: 'after-refresh',
      remedy: 'Look. Nothing was written into topic "copy" yet.',
      facts: { partition: 2, topic: 'copy', restored: 0 },
    })
    book.acknowledged(0, 4, 1)
    expect(book.explain(error, 'copy', undefined)).toMatchObject({
      remedy: 'Look. Topic "copy" holds 4 records of about 10: delete it before you restore again.',
      advice: {
        id: 'restart-restore',
        first: { remedy: 'Look.' },
        topic: 'copy',
        records: 4,
        expected: 10,
      },
    })
  })

  test('an interruption is reported as INTERRUPTED, and what failed while it stopped keeps its reason', () => {
    const { book } = ledger()
    const stop = new AbortController()
    stop.abort()
    book.acknowledged(0, 4, 1)

    expect(book.explain(stop.signal.reason, 'copy', stop.signal)).toMatchObject({
      code: 'INTERRUPTED',
      why: expect.stringContaining('holds 4 records of about 10'),
    })
    const refused = new KanneryError('KAFKA_RECORD_REJECTED', 'too large')
    expect(book.explain(refused, 'copy', stop.signal)).toMatchObject({
      code: 'KAFKA_RECORD_REJECTED',
    })
  })

  test('a failed comparison advises to leave the backup and the target as they are', () => {
    const failed = new KanneryError('VERIFY_FAILED', 'differs')
    expect(ledger().book.explain(failed, 'copy', undefined)).toBe(failed)
  })
})
