import { describe, expect, test } from 'vitest'
import { ScriptedTarget } from '../../../test/scripted-target.ts'
import { createHeldTopic } from './create-topic.ts'
import type { Settings } from './topic-settings.ts'

const defaults: Settings = { 'flush.ms': '1000', 'retention.ms': '1', 'segment.ms': '1' }
const topic = {
  name: 'orders',
  partitions: 1,
  replicationFactor: -1,
  config: { 'flush.ms': '7', 'retention.ms': '5' },
}
const held = { 'retention.ms': '-1', 'segment.ms': '9', 'message.timestamp.before.max.ms': '9' }

describe('the creation of a topic with held settings', () => {
  test('holds the settings that the cluster accepts, and not those that it does not know or forbids', async () => {
    const target = new ScriptedTarget(defaults, { 'segment.ms': ['1'] })
    const judged: Settings[] = []
    const created = await createHeldTopic(target, { topic, held }, (fewer) => judged.push(fewer))

    expect(created.held).toEqual({ 'retention.ms': '-1' })
    expect(target.created).toMatchObject([{ config: { 'flush.ms': '7', 'retention.ms': '-1' } }])
    expect(judged.at(-1)).toEqual(created.held)
  })

  test('creates nothing when the records need a setting that is forbidden', async () => {
    const target = new ScriptedTarget(defaults)
    const needed = new Error('the records would be refused')

    const judge = (): void => {
      throw needed
    }
    await expect(createHeldTopic(target, { topic, held }, judge)).rejects.toBe(needed)
    expect(target.created).toEqual([])
  })

  test('creates the topic with its final settings when a refusal names no setting', async () => {
    const target = new ScriptedTarget(defaults, { 'segment.ms': ['1'] })
    target.namesSettings = false

    expect((await createHeldTopic(target, { topic, held }, () => {})).held).toEqual({})
    target.greatestPartitions = 0
    await expect(createHeldTopic(target, { topic, held }, () => {})).rejects.toMatchObject({
      remedy: expect.stringContaining('Create it yourself'),
    })
  })
})
