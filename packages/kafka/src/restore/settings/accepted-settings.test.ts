import { describe, expect, test } from 'vitest'
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

describe('the settings that a cluster accepts', () => {
  test('are all of them when the cluster accepts the topic, after one question', async () => {
    const target = new ScriptedTarget(defaults)
    const config = { 'flush.ms': '7' }

    expect(await ask(target, config)).toEqual({
      final: config,
      effective: { ...defaults, ...config },
      leftOut: [],
    })
    expect(target.asked).toMatchObject([{ partitions: 3, config }])
  })

  test('do not include what it does not know or forbids; each is left out with its reason', async () => {
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

  test('are found one by one when a refusal names no setting', async () => {
    const target = new ScriptedTarget(defaults)
    target.namesSettings = false
    const source = { 'flush.ms': '7', 'confluent.tier.enable': 'true' }

    const { final, leftOut } = await ask(target, source)
    expect(final).toEqual({ 'flush.ms': '7' })
    expect(leftOut.map(({ name }) => name)).toEqual(['confluent.tier.enable'])
  })

  test('must include what decides which records stay: otherwise the topic is refused, with a way around it', async () => {
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

  test('are none when a policy refuses every setting: the error names a way around it', async () => {
    const target = new ScriptedTarget(defaults)
    target.greatestPartitions = 2

    await expect(ask(target, { 'flush.ms': '7' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      why: expect.stringContaining('too many partitions'),
      remedy: expect.stringContaining('Create it yourself, with 3 partitions'),
    })
  })
})
