import { offsetForLeaderEpochV3, offsetForLeaderEpochV4 } from '@platformatic/kafka'
import type { BrokerConnection } from '../transport/broker-connection.ts'
import { callNewest, onlyOne } from './api-call.ts'
import { assertNoKafkaError } from './errors.ts'

export interface EpochQuery {
  readonly topic: string
  readonly partition: number
  readonly leaderEpoch: number
}

/** We are a consumer, no replica; and whoever leads now may answer. */
const noReplica = -1
const anyLeaderEpoch = -1

/**
 * Where the leader's log leaves an epoch (OffsetForLeaderEpoch, KIP-320): the offset at which a
 * later epoch begins, or the end of the log. For an epoch whose records are all deleted it is where
 * the log now starts. undefined when the log never knew the epoch.
 */
export async function endOfEpochAtLeader(
  connection: BrokerConnection,
  { topic, partition, leaderEpoch }: EpochQuery,
): Promise<number | undefined> {
  const answer = await callNewest(
    connection,
    [offsetForLeaderEpochV4.api, offsetForLeaderEpochV3.api],
    noReplica,
    [
      {
        name: topic,
        partitions: [
          { partitionIndex: partition, currentLeaderEpoch: anyLeaderEpoch, leaderEpoch },
        ],
      },
    ],
  )
  const api = 'OffsetForLeaderEpoch'
  const result = onlyOne(onlyOne(answer.topics, api).partitions, api)
  assertNoKafkaError(result.errorCode, { api, operation: 'Describe', topic, partition })
  return result.leaderEpoch === leaderEpoch ? Number(result.endOffset) : undefined
}
