import type { MissingOffsets, RestorePlan, RestoreReport } from '@kannery/kafka'
import { describe, expect, test } from 'vitest'
import { describePlan, describeReport } from './restore-report.ts'

const partition = { partition: 0, records: 1500, bytes: 2048, firstOffset: 0, nextOffset: 1500 }
const report: RestoreReport = {
  topic: 'orders',
  as: 'orders-copy',
  created: true,
  incarnation: 0,
  otherIncarnations: [],
  partitions: [partition],
  notRestored: [],
  settingsLeftOut: [],
  skippedDamage: [],
}
const plan: RestorePlan = { ...report, records: 1500 }
const nothing = { ...report, partitions: [{ ...partition, records: 0, bytes: 0, nextOffset: 0 }] }
const missing: MissingOffsets = {
  partition: 0,
  offsets: [0, 500],
  reason: 'the retention of the backup has deleted them',
}

describe('the report of a restore', () => {
  test('names every range that was not restored, and why', () => {
    const text = describeReport({
      ...report,
      notRestored: [missing, { ...missing, offsets: [700, 900], reason: 'retention was faster' }],
      verification: { records: 1500, differences: [], missingOffsets: 700 },
    })
    const [, , , ...lines] = text.split('\n')

    expect(lines).toEqual([
      'not restored: offsets 0..500 of partition 0: the retention of the backup has deleted them',
      'not restored: offsets 700..900 of partition 0: retention was faster',
      'restored 1,500 records of "orders" into "orders-copy"',
      'verified: 1,500 records compared, 0 differences; nothing to compare for 700 offsets that the backup does not give',
    ])
  })

  test('names the incarnation, and the others, if a backup has several', () => {
    const chosen = { incarnation: 1, otherIncarnations: [0, 2] }
    const line = 'of incarnation 1 of the topic; the backup also has 0, 2 (--incarnation)'

    expect(describePlan({ ...plan, ...chosen })).toEqual([line])
    expect(describeReport({ ...report, ...chosen }).split('\n')).toContain(line)
  })

  test('says nothing more if everything was restored', () => {
    const [, , , ...lines] = describeReport({
      ...report,
      verification: { records: 1500, differences: [], missingOffsets: 0 },
    }).split('\n')

    expect(lines).toEqual([
      'restored 1,500 records of "orders" into "orders-copy"',
      'verified: 1,500 records compared, 0 differences',
    ])
  })

  test('names a setting that the target does not accept before and after, with its value', () => {
    const settingsLeftOut = [
      { name: 'segment.bytes', value: '102400', reason: 'a policy of the cluster forbids it' },
    ]
    const line = 'setting left out: segment.bytes=102400: a policy of the cluster forbids it'

    expect(describeReport({ ...report, settingsLeftOut }).split('\n')).toContain(line)
    expect(describePlan({ ...plan, settingsLeftOut })).toEqual([line])
  })

  test('says that nothing was restored, and whether the backup had anything', () => {
    expect(describeReport(nothing)).toContain(
      'nothing was restored: the backup holds no record of what was asked for; "orders-copy" is empty',
    )
    expect(describeReport({ ...nothing, notRestored: [missing] })).toContain(
      'nothing was restored: what is named above was all that was asked for; "orders-copy" is empty',
    )
  })

  test('does not say that a failed restore had nothing to restore', () => {
    const failure = {
      topic: 'orders',
      code: 'KAFKA_UNREACHABLE',
      message: 'away',
      remedy: '',
    } as const
    const text = describeReport({ ...nothing, failed: [failure] })

    expect(text).not.toContain('nothing was restored')
    expect(text.split('\n').at(-1)).toBe('failed: orders: KAFKA_UNREACHABLE: away')
  })

  test('counts the headers that were dropped and added if any were to be', () => {
    const changes = { headersDropped: 1200, headersAdded: 0 }

    expect(
      describeReport({ ...report, changes })
        .split('\n')
        .at(-1),
    ).toBe('headers: 1,200 dropped, 0 added')
    expect(describeReport(report)).not.toContain('headers')
  })

  test('says that a topic was created, without partitions if none was written to', () => {
    const failure = {
      topic: 'orders',
      code: 'KAFKA_DENIED',
      message: 'not allowed',
      remedy: '',
    } as const
    const failed = { ...report, partitions: [], failed: [failure] }

    expect(describeReport(failed).split('\n')).toEqual([
      'restored 0 records of "orders" into "orders-copy"',
      'topic "orders-copy" was created',
      'failed: orders: KAFKA_DENIED: not allowed',
    ])
    expect(describeReport({ ...failed, created: false })).not.toContain('was created')
    expect(describeReport(report)).not.toContain('was created')
  })

  test('announces what will be missing before the restore begins, up to ten ranges', () => {
    const notRestored = Array.from({ length: 12 }, (_, index) => ({ ...missing, partition: index }))
    const notes = describePlan({ ...plan, notRestored })

    expect(notes).toHaveLength(11)
    expect(notes[9]).toContain('of partition 9')
    expect(notes[10]).toBe('… and 2 more ranges; the report names all')
    expect(describePlan(plan)).toEqual([])
  })
})
