import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchLimit, heldSettings, isHeld, releaseSettings } from './held-settings.ts'
import type { Settings } from './topic-settings.ts'

const now = 1_800_000_000_000
const never = '9223372036854775807'
const estimate = { largestBatchBytes: 500_000, newest: now - 1000 }
/** What a broker of Kafka 4 gives a topic without settings of its own. */
const defaults: Settings = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'max.message.bytes': '1048588',
  'message.timestamp.after.max.ms': '3600000',
  'message.timestamp.before.max.ms': never,
  'message.timestamp.type': 'CreateTime',
  'retention.bytes': '-1',
  'retention.ms': '604800000',
  'segment.bytes': '1073741824',
  'segment.ms': '604800000',
}

function held(effective: Settings, changes: Partial<typeof estimate> = {}): Settings {
  return heldSettings({ effective, estimate: { ...estimate, ...changes }, now })
}

describe('while a topic is being restored', () => {
  test('only what would harm its records is held off', () => {
    expect(held(defaults)).toEqual({ 'retention.ms': '-1', 'segment.ms': never })
    const endless = { ...defaults, 'retention.ms': '-3600000' }
    expect(held(endless)).toEqual({ 'segment.ms': never })
  })

  test('nothing is deleted, compacted, recompressed or restamped', () => {
    const source = {
      ...defaults,
      'cleanup.policy': 'compact,delete',
      'compression.type': 'gzip',
      'message.timestamp.type': 'LogAppendTime',
      'retention.bytes': '1000',
    }
    expect(held(source)).toEqual({
      'cleanup.policy': 'delete',
      'compression.type': 'producer',
      'message.timestamp.type': 'CreateTime',
      'retention.bytes': '-1',
      'retention.ms': '-1',
      'segment.ms': never,
    })
  })

  test('a batch may be as large as the largest one needs, encoded again, and no larger', () => {
    expect(held(defaults, { largestBatchBytes: 900_000 })).not.toHaveProperty('max.message.bytes')
    expect(held(defaults, { largestBatchBytes: 1_000_000 })).toMatchObject({
      'max.message.bytes': '1125000',
    })
    const small = { ...defaults, 'segment.bytes': '1048576' }
    expect(held(small, { largestBatchBytes: 8_000_000 })).toMatchObject({
      'max.message.bytes': '9000000',
      'segment.bytes': '9000000',
    })
  })

  test('times beyond the limits of the topic are taken, whatever the limit is called', () => {
    expect(held(defaults, { newest: now + 3_500_000 })).toMatchObject({
      'message.timestamp.after.max.ms': never,
    })
    const { 'message.timestamp.before.max.ms': _before, ...modern } = defaults
    const old = { ...modern, 'message.timestamp.difference.max.ms': '86400000' }
    expect(held(old)).toMatchObject({ 'message.timestamp.difference.max.ms': never })
    expect(held(old)).not.toHaveProperty('message.timestamp.before.max.ms')
  })

  test('a topic whose configuration may not be seen is held off from all that could harm', () => {
    expect(Object.keys(held({})).toSorted()).toEqual([
      'cleanup.policy',
      'compression.type',
      'message.timestamp.before.max.ms',
      'message.timestamp.type',
      'retention.bytes',
      'retention.ms',
      'segment.ms',
    ])
  })
})

describe('the settings of a topic', () => {
  test('after the release the topic has what it was to have, and nothing else', () => {
    const names = [...Object.keys(defaults), 'flush.ms', 'min.insync.replicas']
    const anySettings = fc.dictionary(fc.constantFrom(...names), fc.constantFrom('1', '2', '3'))
    fc.assert(
      fc.property(anySettings, (final) => {
        const now = held({ ...defaults, ...final })
        const { set, remove } = releaseSettings(now, final)
        const after: Record<string, string> = { ...final, ...now, ...set }
        for (const name of remove) delete after[name]

        expect(Object.entries(now).every(([name, value]) => isHeld(name, value))).toBe(true)
        expect(after).toEqual(final)
      }),
    )
  })

  test('a topic takes batches up to the least of its limits', () => {
    expect(batchLimit(defaults)).toBe(1_048_588)
    expect(batchLimit({ ...defaults, 'segment.bytes': '1000' })).toBe(1000)
    expect(batchLimit({})).toBe(Number.POSITIVE_INFINITY)
  })
})
