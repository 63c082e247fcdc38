import { expect, test } from 'vitest'
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

test('what a cluster does not know or forbids is not held off, and the rest is', async () => {
  const target = new ScriptedTarget(defaults, { 'segment.ms': ['1'] })
  const judged: Settings[] = []
  const created = await createHeldTopic(target, { topic, held }, (fewer) => judged.push(fewer))

  expect(created.held).toEqual({ 'retention.ms': '-1' })
  expect(target.created).toMatchObject([{ config: { 'flush.ms': '7', 'retention.ms': '-1' } }])
  expect(judged.at(-1)).toEqual(created.held)
})

test('nothing is created where the records need what is forbidden', async () => {
  const target = new ScriptedTarget(defaults)
  const needed = new Error('the records would be refused')

  const judge = (): void => {
    throw needed
  }
  await expect(createHeldTopic(target, { topic, held }, judge)).rejects.toBe(needed)
  expect(target.created).toEqual([])
})

test('a cluster that refuses without a name gets the topic as it is to be in the end', async () => {
  const target = new ScriptedTarget(defaults, { 'segment.ms': ['1'] })
  target.namesSettings = false

  expect((await createHeldTopic(target, { topic, held }, () => {})).held).toEqual({})
  target.greatestPartitions = 0
  await expect(createHeldTopic(target, { topic, held }, () => {})).rejects.toMatchObject({
    remedy: expect.stringContaining('Create it yourself'),
  })
})
