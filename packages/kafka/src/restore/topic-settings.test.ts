import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  finalSettings,
  heldSettings,
  releaseSettings,
  type Settings,
  settingsWhileRestoring,
} from './topic-settings.ts'

const anySettings = fc.dictionary(
  fc.constantFrom(...Object.keys(heldSettings), 'segment.bytes', 'flush.ms', 'min.insync.replicas'),
  fc.constantFrom('1', '2', '3'),
)

test('after the release the topic has what it had, and nothing else', () => {
  fc.assert(
    fc.property(anySettings, (source) => {
      const final = finalSettings(source, undefined)
      const { set, remove } = releaseSettings(final)
      const after: Record<string, string> = { ...settingsWhileRestoring(final), ...set }
      for (const name of remove) delete after[name]

      expect(after).toEqual(source)
    }),
  )
})

test('while restoring nothing is deleted, compacted, recompressed, restamped or too large', () => {
  const source: Settings = {
    'cleanup.policy': 'compact',
    'retention.ms': '1000',
    'compression.type': 'gzip',
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': '1000',
    'segment.bytes': '1048576',
  }
  expect(settingsWhileRestoring(finalSettings(source, 1))).toEqual({
    ...heldSettings,
    'segment.bytes': '1048576',
  })
})

test("lists of the source's brokers are left behind", () => {
  const source = {
    'leader.replication.throttled.replicas': '0:1',
    'follower.replication.throttled.replicas': '0:2',
    'flush.ms': '7',
  }
  expect(finalSettings(source, 3)).toEqual({ 'flush.ms': '7' })
})

test('no more replicas must be in sync than there are', () => {
  const source = { 'min.insync.replicas': '2' }
  expect(finalSettings(source, 1)).toEqual({ 'min.insync.replicas': '1' })
  expect(finalSettings(source, 2)).toEqual(source)
  expect(finalSettings(source, undefined)).toEqual(source)
})

test('a topic that is to keep everything has no retention, whatever it had', () => {
  const source = { 'cleanup.policy': 'delete', 'retention.ms': '1000' }
  expect(finalSettings(source, undefined, 'keep')).toEqual({
    'cleanup.policy': 'delete',
    'retention.bytes': '-1',
    'retention.ms': '-1',
  })
  expect(finalSettings(source, undefined, 'source')).toEqual(source)
})
