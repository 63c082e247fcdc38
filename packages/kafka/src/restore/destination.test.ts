import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../cluster/metadata.ts'
import { type Destination, openDestination } from './destination.ts'

/** The topic of one partition that has the name `orders`, as a broker describes it. */
function topicWithId(topicId: string): TopicMetadata {
  const leader = { partition: 0, leader: 1, leaderEpoch: 0, replicas: [1], isr: [1] }
  const topicIdBytes = new Uint8Array(16)
  return { name: 'orders', topicId, topicIdBytes, internal: false, partitions: [leader] }
}

const checkedTopic = topicWithId('first')

/** Opens the topic that the preflight found empty, with its log ending at `checkedEnd`. */
function open(
  present: TopicMetadata,
  { checkedEnd, presentEnd }: { readonly checkedEnd: number; readonly presentEnd: number },
): Promise<Destination> {
  const cluster = {
    topic: async () => present,
    listOffsets: async () => new Map([[0, presentEnd]]),
  } as unknown as KafkaCluster
  const endOffsets = new Map([[0, checkedEnd]])
  return openDestination(
    cluster,
    { topic: checkedTopic, isCreated: false, maxBatchBytes: 1, settings: undefined },
    {
      target: { kind: 'existing', topic: checkedTopic, endOffsets, unfinished: undefined },
      settings: {},
    },
    { selection: { partitions: new Set([0]) }, verify: false },
  )
}

describe('an existing topic, when it is its turn to be restored into', () => {
  test('is used if it is the topic that was checked and nothing was written into it', async () => {
    const opened = await open(topicWithId('first'), { checkedEnd: 7, presentEnd: 7 })
    expect(opened.startOffsets).toEqual(new Map([[0, 7]]))
  })

  test.each([0, 7])(
    'is refused if it was deleted and created again, empty as before (end offset %i then)',
    async (checkedEnd) => {
      const opening = open(topicWithId('second'), { checkedEnd, presentEnd: 0 })
      await expect(opening).rejects.toMatchObject({
        code: 'KAFKA_TOPIC_MISMATCH',
        why: 'its id was first when it was checked, and is second now',
        facts: { topic: 'orders', topicId: 'second' },
      })
    },
  )

  test('is refused if it was written to', async () => {
    const opening = open(topicWithId('first'), { checkedEnd: 7, presentEnd: 8 })
    await expect(opening).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_NOT_EMPTY',
      why: 'partition 0 ended at offset 7 then, and ends at 8 now',
    })
  })
})

describe('the end of a restore', () => {
  /** A cluster with the topic that was checked; its descriptions and changes may be replaced. */
  class ScriptedCluster {
    readonly changes: unknown[] = []
    describe = (): TopicMetadata => checkedTopic
    alter = (): void => {}

    /** Opens the topic; `held`: the settings that its restore holds off. */
    open(held: Record<string, string>): Promise<Destination> {
      const cluster: unknown = {
        topic: async () => this.describe(),
        listOffsets: async () => new Map([[0, 0]]),
        allowedOperations: async () => new Set(['Write', 'AlterConfigs']),
        validateTopicConfig: async () => {},
        alterTopicConfig: async (...change: unknown[]) => {
          this.alter()
          this.changes.push(change)
        },
      }
      const settings = { held, final: { 'retention.ms': '5' } }
      return openDestination(
        cluster as KafkaCluster,
        { topic: checkedTopic, isCreated: true, maxBatchBytes: 1, settings },
        {
          target: {
            kind: 'existing',
            topic: checkedTopic,
            endOffsets: new Map([[0, 0]]),
            unfinished: settings,
          },
          settings: {},
        },
        { selection: { partitions: new Set([0]) }, verify: false },
      )
    }
  }

  const held = { 'retention.ms': '-1', 'segment.ms': '9' }

  test('gives the topic its final configuration', async () => {
    const cluster = new ScriptedCluster()
    await (await cluster.open(held)).finish()
    expect(cluster.changes).toEqual([['orders', { 'retention.ms': '5' }, ['segment.ms']]])
  })

  test.each([
    ['some', held],
    ['no', {}],
  ])(
    'changes nothing if the topic was deleted and created again during the restore (%s settings held off)',
    async (_number, settings) => {
      const cluster = new ScriptedCluster()
      const opened = await cluster.open(settings)
      cluster.describe = () => topicWithId('second')
      await expect(opened.finish()).rejects.toMatchObject({
        code: 'KAFKA_TOPIC_MISMATCH',
        message: 'topic "orders" was deleted and created again during the restore',
        remedy: 'Find out what deletes the topic, then restore again.',
      })
      expect(cluster.changes).toEqual([])
    },
  )

  test('does not say that all records were restored if the topic was deleted', async () => {
    const cluster = new ScriptedCluster()
    const opened = await cluster.open(held)
    const unknown = new KanneryError('KAFKA_TOPIC_UNKNOWN', 'there is no such topic')
    const fail = (): never => {
      throw unknown
    }
    cluster.alter = fail
    await expect(opened.finish()).rejects.toBe(unknown)
    cluster.describe = fail
    await expect(opened.finish()).rejects.toBe(unknown)
  })

  test('names the settings that are left to change if the cluster cannot be reached', async () => {
    const cluster = new ScriptedCluster()
    const opened = await cluster.open(held)
    cluster.describe = () => {
      throw new KanneryError('KAFKA_UNREACHABLE', 'the connection was closed')
    }
    await expect(opened.finish()).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: 'topic "orders" did not get its final configuration',
      remedy: expect.stringContaining('set retention.ms=5; remove segment.ms'),
    })
  })
})
