import { asKanneryError } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { describeError, describeStack, errorFields } from './error-report.ts'

const now = Date.UTC(2026, 10, 23, 2, 11, 50)

describe('the report of an error', () => {
  test('a held lease says who holds it, until when, what to do, and its code', () => {
    const held = new KanneryError('LEASE_HELD', 'resource already held by someone else', {
      why: 'the same in one sentence',
      remedy: 'wait (--wait)',
      facts: {
        topic: 'orders',
        location: 's3://backups/prod',
        holder: 'kannery-backup-0 (pid 7, version 0.3.0)',
        since: '2026-11-23T02:11:09.120Z',
        orphanedAt: '2026-11-23T02:16:14.000Z',
      },
    })

    expect(describeError(held, now)).toBe(
      [
        'storage error: resource already held by someone else',
        '  what      topic "orders" in s3://backups/prod has been written by kannery-backup-0 (pid 7, version 0.3.0) since 2026-11-23T02:11:09Z (41s ago)',
        '  until     it counts as orphaned at 2026-11-23T02:16:14Z unless it renews its heartbeat, and is then taken over automatically',
        '  what now  wait (--wait)',
        '  code      LEASE_HELD (exit 32)',
      ].join('\n'),
    )
  })

  test('a damaged object is named with its bytes, once', () => {
    const facts = { key: 'orders/01J.kan', from: 100, to: 250 }
    const silent = new KanneryError('DATA_CORRUPT', 'a segment is damaged', { remedy: 'r', facts })
    const telling = new KanneryError('DATA_CORRUPT', 'orders/01J.kan is damaged at 100..250', {
      facts,
    })

    expect(describeError(silent, now)).toBe(
      [
        'backup error: a segment is damaged',
        '  where     bytes 100..250 of orders/01J.kan',
        '  what now  r',
        '  code      DATA_CORRUPT (exit 36)',
      ].join('\n'),
    )
    expect(describeError(telling, now)).not.toContain('where')
  })

  test('a record is named by topic, partition and offset', () => {
    const error = new KanneryError('KAFKA_RECORD_REJECTED', 'the broker refused a record', {
      why: 'it is\ntoo large',
      facts: { topic: 'orders', partition: 3, offset: '17' },
    })

    expect(describeError(error, now)).toContain(
      '  where     topic "orders" partition 3 offset 17\n  why       it is\n            too large\n',
    )
  })

  test('the same facts are fields of the JSON document', () => {
    const error = new KanneryError('KAFKA_DENIED', 'no', { facts: { topic: 'orders' } })

    expect(errorFields(error)).toMatchObject({
      code: 'KAFKA_DENIED',
      exitStatus: 52,
      message: 'no',
      facts: { topic: 'orders' },
    })
  })

  test('an unforeseen error is an internal error and keeps its cause for --debug', () => {
    const cause = new TypeError('x is not a function')
    const error = asKanneryError(cause)

    expect(error.code).toBe('INTERNAL')
    expect(describeError(error, now)).toContain('error: unexpected error: x is not a function')
    expect(describeStack(error)).toContain('caused by: TypeError: x is not a function')
  })
})
