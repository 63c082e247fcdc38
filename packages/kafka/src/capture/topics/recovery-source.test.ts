import { describe, expect, test } from 'vitest'
import { kafkaError } from '../../cluster/errors.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import { KafkaRecoverySource } from './recovery-source.ts'

const topic = { name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }
const range = { from: 0, next: 3, leaderEpoch: 5 }

/**
 * A topic of which partition 0 has a leader, whose log has the offsets to 9, and partition 1 has
 * none.
 */
function halfLed({ epochEnd }: { readonly epochEnd: number }): KafkaRecoverySource {
  const ends = { earliest: 0, 'earliest-local': 0, latest: 9 }
  const cluster = {
    listOffsetsWhereLed: async (_topic: string, at: keyof typeof ends) => new Map([[0, ends[at]]]),
    endOfEpoch: async ({ partition }: { readonly partition: number }) => {
      if (partition === 0) return epochEnd
      throw kafkaError(errorNumbers.LEADER_NOT_AVAILABLE, {
        api: 'Metadata',
        topic: topic.name,
        partition,
      })
    },
  }
  return new KafkaRecoverySource(cluster, topic)
}

describe('the records that Kafka still has', () => {
  test('a partition without a leader serves nothing, and does not contradict what was uploaded of it', async () => {
    const source = halfLed({ epochEnd: 9 })
    expect(await source.canServe({ ...range, partition: 1 })).toBe(false)
    expect(await source.agrees({ ...range, partition: 1 })).toBe(true)
  })

  test.each([
    [3, true],
    [2, false],
  ])(
    'a leader whose log leaves the epoch at %i agrees with the offsets to 3: %s',
    async (epochEnd, agrees) => {
      expect(await halfLed({ epochEnd }).agrees({ ...range, partition: 0 })).toBe(agrees)
    },
  )
})
