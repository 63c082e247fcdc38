import { expect, test } from 'vitest'
import { ScriptedTarget } from '../../../test/scripted-target.ts'
import { type AcceptedSettings, acceptedSettings } from './accepted-settings.ts'
import type { Settings } from './topic-settings.ts'

const defaults: Settings = {
  'cleanup.policy': 'delete',
  'flush.ms': '1000',
  'local.retention.ms': '-2',
  'retention.ms': '604800000',
  'segment.bytes': '1073741824',
}

function ask(target: ScriptedTarget, config: Settings): Promise<AcceptedSettings> {
  return acceptedSettings(target, { name: 'orders', partitions: 3, replicationFactor: -1, config })
}

test('a topic that the cluster takes is asked about once, as it is', async () => {
  const target = new ScriptedTarget(defaults)
  const config = { 'flush.ms': '7' }

  expect(await ask(target, config)).toEqual({
    final: config,
    effective: { ...defaults, ...config },
    leftOut: [],
  })
  expect(target.asked).toMatchObject([{ partitions: 3, config }])
})

test('settings that the cluster does not know or forbids are left out, each with its reason', async () => {
  const target = new ScriptedTarget(defaults, { 'segment.bytes': ['1073741824'] })
  const source = {
    'flush.ms': '7',
    'redpanda.remote.read': 'false',
    'segment.bytes': '102400',
    'message.format.version': '3.0',
  }

  expect(await ask(target, source)).toMatchObject({
    final: { 'flush.ms': '7' },
    leftOut: [
      { name: 'redpanda.remote.read', value: 'false', reason: /Unknown topic config name/ },
      { name: 'segment.bytes', value: '102400', reason: /a policy of the cluster forbids it/ },
      { name: 'message.format.version', value: '3.0', reason: /Unknown topic config name/ },
    ].map(({ reason, ...setting }) => ({ ...setting, reason: expect.stringMatching(reason) })),
  })
})

test('a refusal that names no setting is traced to those that are refused alone', async () => {
  const target = new ScriptedTarget(defaults)
  target.namesSettings = false
  const source = { 'flush.ms': '7', 'confluent.tier.enable': 'true' }

  const { final, leftOut } = await ask(target, source)
  expect(final).toEqual({ 'flush.ms': '7' })
  expect(leftOut.map(({ name }) => name)).toEqual(['confluent.tier.enable'])
})

test('what decides which records stay is not left out: the topic is refused, and the way round named', async () => {
  const target = new ScriptedTarget(defaults, {
    'retention.ms': ['604800000'],
    'local.retention.ms': ['-2'],
  })
  const source = { 'retention.ms': '-1', 'local.retention.ms': '5', 'x.y': '1' }

  await expect(ask(target, source)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'the cluster does not take topic "orders" as it was',
    why: expect.stringMatching(/^retention\.ms=-1: a policy/),
    remedy: expect.stringContaining('restore into it'),
    facts: { settings: 'retention.ms' },
  })
})

test('a policy that no setting can satisfy is reported with the way round', async () => {
  const target = new ScriptedTarget(defaults)
  target.greatestPartitions = 2

  await expect(ask(target, { 'flush.ms': '7' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    why: expect.stringContaining('too many partitions'),
    remedy: expect.stringContaining('Create it yourself, with 3 partitions'),
  })
})
