import { listOffsetsV5, listOffsetsV7, listOffsetsV8 } from '@platformatic/kafka'
import type { BrokerConnection } from '../transport/broker-connection.ts'
import { callNewest } from './call-newest.ts'
import { assertNoKafkaError } from './errors.ts'

export type OffsetPosition = 'earliest' | 'latest'
export type Isolation = 'read-committed' | 'read-uncommitted'

export interface OffsetQuery {
  readonly topic: string
  readonly partitions: readonly number[]
  readonly at: OffsetPosition
  readonly isolation: Isolation
}

/** Kafka's ListOffsetsRequest.EARLIEST_TIMESTAMP and LATEST_TIMESTAMP. */
const timestamps: Readonly<Record<OffsetPosition, bigint>> = { earliest: -2n, latest: -1n }
const isolationLevels: Readonly<Record<Isolation, number>> = {
  'read-uncommitted': 0,
  'read-committed': 1,
}
/** We are a consumer, no replica; and any leader epoch will do. */
const noReplica = -1
const anyLeaderEpoch = -1

/** Asks the leader of all of `partitions`. Throws the error of the first partition that has one. */
export async function listOffsetsOfLeader(
  connection: BrokerConnection,
  { topic, partitions, at, isolation }: OffsetQuery,
): Promise<Map<number, number>> {
  const answer = await callNewest(
    connection,
    [listOffsetsV8.api, listOffsetsV7.api, listOffsetsV5.api],
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
