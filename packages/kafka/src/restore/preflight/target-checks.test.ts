import { describe, expect, test } from 'vitest'
import type { Settings } from '../settings/topic-settings.ts'
import type { RestoreEstimate } from './restore-estimate.ts'
import { checkRetention, checkSettings, retentionLimit } from './target-checks.ts'

const now = 1_800_000_000_000
const day = 86_400_000
const estimate: RestoreEstimate = {
  records: 1000,
  bytes: 50_000,
  largestBatchBytes: 5000,
  oldest: now - 30 * day,
  newest: now - 10 * day,
  olderRecords: 0,
  notRestored: [],
}
const kind: Settings = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'max.message.bytes': '1048588',
  'segment.bytes': '1073741824',
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': '9223372036854775807',
  'message.timestamp.after.max.ms': '3600000',
}

function found(
  changes: Settings,
  differing: Partial<RestoreEstimate> = {},
  verify = false,
): unknown[] {
  const target = { topic: 'copy', settings: { ...kind, ...changes }, now }
  const changed = { ...estimate, ...differing }
  return [...checkRetention(target, changed, 2), ...checkSettings(target, changed, verify)].map(
    ({ code, why }) => [code, why],
  )
}

describe('the checks of a target topic', () => {
  test('a topic that takes and keeps everything is fine', () => {
    expect(found({})).toEqual([])
  })

  test.each([
    [
      'a limit below the largest batch',
      { 'max.message.bytes': '4999' },
      {},
      'KAFKA_RECORD_REJECTED',
      /5000 bytes, its max.message.bytes is 4999/,
    ],
    [
      'segments smaller than a batch',
      { 'segment.bytes': '4999' },
      {},
      'KAFKA_RECORD_REJECTED',
      /its segment.bytes is 4999/,
    ],
    [
      'times of its own',
      { 'message.timestamp.type': 'LogAppendTime' },
      {},
      'KAFKA_TOPIC_MISMATCH',
      /LogAppendTime/,
    ],
    [
      'times that are too old',
      { 'message.timestamp.before.max.ms': String(29 * day) },
      {},
      'KAFKA_RECORD_REJECTED',
      /message.timestamp.before.max.ms/,
    ],
    [
      'times that are too old for a broker before Kafka 4',
      { 'message.timestamp.difference.max.ms': String(29 * day) },
      {},
      'KAFKA_RECORD_REJECTED',
      /message.timestamp.difference.max.ms/,
    ],
    [
      'times that lie ahead',
      {},
      { newest: now + 2 * day },
      'KAFKA_RECORD_REJECTED',
      /message.timestamp.after.max.ms/,
    ],
    [
      'expiry by time',
      { 'retention.ms': String(7 * day) },
      { olderRecords: 400 },
      'KAFKA_TOPIC_MISMATCH',
      /about 400 of 1000 records .* 604800000/,
    ],
    [
      'expiry by size',
      { 'retention.bytes': '24999' },
      {},
      'KAFKA_TOPIC_MISMATCH',
      /retention.bytes/,
    ],
  ])('%s is found', (_name, settings, differing, code, why) => {
    expect(found(settings, differing)).toEqual([[code, expect.stringMatching(why)]])
  })

  test('a time beyond what the index can hold is taken for the farthest', () => {
    const newest = Number.MAX_SAFE_INTEGER
    const after = 'message.timestamp.after.max.ms'

    expect(found({ [after]: String(2n ** 62n) }, { newest })).toEqual([
      ['KAFKA_RECORD_REJECTED', expect.stringContaining(after)],
    ])
    expect(found({ [after]: String(2n ** 63n - 1n) }, { newest })).toEqual([])
  })

  test('compaction matters only to a comparison', () => {
    expect(found({ 'cleanup.policy': 'compact' })).toEqual([])
    expect(found({ 'cleanup.policy': 'compact,delete' }, {}, true)).toEqual([
      ['KAFKA_TOPIC_MISMATCH', expect.stringContaining('compact')],
    ])
  })

  test('a compacted topic deletes nothing by time or size', () => {
    const settings = { 'cleanup.policy': 'compact', 'retention.ms': '1', 'retention.bytes': '1' }
    expect(found(settings)).toEqual([])
    expect(retentionLimit({ settings, now })).toBeUndefined()
  })

  test('retention counts from now, and -1 keeps for ever', () => {
    expect(retentionLimit({ settings: { ...kind, 'retention.ms': '1000' }, now })).toBe(now - 1000)
    expect(retentionLimit({ settings: kind, now })).toBeUndefined()
  })

  test('settings that this user may not see are not judged', () => {
    const target = { topic: 'copy', settings: {}, now }
    expect(checkSettings(target, estimate, true)).toEqual([])
    expect(checkRetention(target, estimate, 1)).toEqual([])
  })
})
