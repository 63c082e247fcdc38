import { listOffsetsV5, listOffsetsV7, listOffsetsV8 } from '@platformatic/kafka'
import type { BrokerConnection } from '../transport/broker-connection.ts'
import { callNewest } from './api-call.ts'
import { assertNoKafkaError } from './errors.ts'

/**
 * `earliest-local`: the first offset on the leader's own disk; what lies before it is in remote
 * storage (KIP-405).
 */
export type OffsetPosition = 'earliest' | 'earliest-local' | 'latest'
export type Isolation = 'read-committed' | 'read-uncommitted'

export interface OffsetQuery {
  readonly topic: string
  readonly partitions: readonly number[]
  readonly at: OffsetPosition
  readonly isolation: Isolation
}

/** Kafka's ListOffsetsRequest.EARLIEST_TIMESTAMP, EARLIEST_LOCAL_TIMESTAMP and LATEST_TIMESTAMP. */
const timestamps: Readonly<Record<OffsetPosition, bigint>> = {
  earliest: -2n,
  'earliest-local': -4n,
  latest: -1n,
}
const isolationLevels: Readonly<Record<Isolation, number>> = {
  'read-uncommitted': 0,
  'read-committed': 1,
}
/** We are a consumer, no replica; and any leader epoch will do. */
const noReplica = -1
const anyLeaderEpoch = -1

/**
 * Asks the leader of all of `partitions`.
 *
 * @throws the error of the first partition that has one; KAFKA_UNSUPPORTED when the broker is too
 *   old for `earliest-local` (before version 8 of ListOffsets, in Kafka 3.6).
 */
export async function listOffsetsOfLeader(
  connection: BrokerConnection,
  { topic, partitions, at, isolation }: OffsetQuery,
): Promise<Map<number, number>> {
  const answer = await callNewest(
    connection,
    at === 'earliest-local'
      ? [listOffsetsV8.api]
      : [listOffsetsV8.api, listOffsetsV7.api, listOffsetsV5.api],
    noReplica,
    isolationLevels[isolation],
    [
      {
        name: topic,
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          currentLeaderEpoch: anyLeaderEpoch,
          timestamp: timestamps[at],
        })),
      },
    ],
  )
  const offsets = new Map<number, number>()
  for (const entry of answer.topics.flatMap((of) => of.partitions)) {
    assertNoKafkaError(entry.errorCode, {
      api: 'ListOffsets',
      operation: 'Describe',
      topic,
      partition: entry.partitionIndex,
    })
    offsets.set(entry.partitionIndex, Number(entry.offset))
  }
  return offsets
}
