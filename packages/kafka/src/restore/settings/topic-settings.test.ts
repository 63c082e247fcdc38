import { describe, expect, test } from 'vitest'
import { finalSettings } from './topic-settings.ts'

describe('the final settings of a topic', () => {
  test("do not include lists of the source's brokers", () => {
    const source = {
      'leader.replication.throttled.replicas': '0:1',
      'follower.replication.throttled.replicas': '0:2',
      'flush.ms': '7',
    }
    expect(finalSettings(source, 3)).toEqual({ 'flush.ms': '7' })
  })

  test('demand no more replicas in sync than there are', () => {
    const source = { 'min.insync.replicas': '2' }
    expect(finalSettings(source, 1)).toEqual({ 'min.insync.replicas': '1' })
    expect(finalSettings(source, 2)).toEqual(source)
    expect(finalSettings(source, undefined)).toEqual(source)
  })

  test('have no retention when the topic is to keep everything', () => {
    const source = { 'cleanup.policy': 'delete', 'retention.ms': '1000' }
    expect(finalSettings(source, undefined, 'keep')).toEqual({
      'cleanup.policy': 'delete',
      'retention.bytes': '-1',
      'retention.ms': '-1',
    })
    expect(finalSettings(source, undefined, 'source')).toEqual(source)
  })
})
