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
