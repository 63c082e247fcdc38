import { describe, expect, test } from 'vitest'
import { unfinishedSettings } from './unfinished-settings.ts'

const never = '9223372036854775807'
const wanted = { 'cleanup.policy': 'compact', 'flush.ms': '7', 'retention.ms': '5' }
const unfinished = { 'cleanup.policy': 'delete', 'flush.ms': '7', 'segment.ms': never }

describe('the settings of an unfinished topic', () => {
  test('are recognised in a topic that an interrupted restore created, with those that it still lacks', () => {
    const overrides = { ...unfinished, 'retention.ms': '-1', 'max.message.bytes': '2147483647' }

    expect(unfinishedSettings({ overrides }, wanted)).toEqual({
      held: {
        'cleanup.policy': 'delete',
        'segment.ms': never,
        'retention.ms': '-1',
        'max.message.bytes': '2147483647',
      },
      final: wanted,
      leftOut: [],
    })
  })

  test('do not include what the topic was created without, which is named', () => {
    expect(unfinishedSettings({ overrides: unfinished }, wanted)).toMatchObject({
      final: { 'cleanup.policy': 'compact', 'flush.ms': '7' },
      leftOut: [{ name: 'retention.ms', value: '5' }],
    })
  })

  test.each([
    ['a topic without settings', {}],
    ['one that a person keeps everything in', { 'retention.ms': '-1', 'flush.ms': '7' }],
    ['one that is finished', wanted],
    ['one with a setting of its own', { ...unfinished, 'segment.jitter.ms': '9' }],
    ['one with another value', { ...unfinished, 'flush.ms': '8' }],
  ])('are not seen in %s, which is left as it is', (_name, overrides) => {
    expect(unfinishedSettings({ overrides }, wanted)).toBeUndefined()
  })
})
