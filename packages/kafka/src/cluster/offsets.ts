import { KanneryError } from '@kannery/storage'
import { listOffsetsApi } from '../protocol/apis/list-offsets.ts'
import { offsetForLeaderEpochApi } from '../protocol/apis/offset-for-leader-epoch.ts'
import type { BrokerConnection } from '../transport/broker-connection.ts'
import { onlyOne } from './api-call.ts'
import type { BrokerRouter } from './broker-router.ts'
import { assertNoKafkaError } from './errors.ts'
import type { PartitionMetadata } from './metadata.ts'
import { isTransient } from './retry.ts'
import { describeLedTopic } from './topics.ts'

/**
 * A position in the log of a partition. `earliest-local` is the first offset on the leader's own
 * disk: records before it are in remote storage (KIP-405).
 */
export type OffsetPosition = 'earliest' | 'earliest-local' | 'latest'

/** Whether `latest` is the high watermark or, with `read-committed`, the last stable offset. */
export type Isolation = 'read-committed' | 'read-uncommitted'

interface OffsetQuery {
  readonly topic: string
  readonly at: OffsetPosition
  readonly isolation: Isolation
}

/** A leader epoch of one partition. */
export interface EpochQuery {
  readonly topic: string
  readonly partition: number
  readonly leaderEpoch: number
}

/** Kafka's ListOffsetsRequest.EARLIEST_TIMESTAMP, EARLIEST_LOCAL_TIMESTAMP and LATEST_TIMESTAMP. */
const timestamps: Readonly<Record<OffsetPosition, number>> = {
  earliest: -2,
  'earliest-local': -4,
  latest: -1,
}
const isolationLevels: Readonly<Record<Isolation, number>> = {
  'read-uncommitted': 0,
  'read-committed': 1,
}
/** Version 8 is the first that knows `earliest-local` (Kafka 3.6). */
const listOffsetsWithEarliestLocal = { ...listOffsetsApi, least: 8 }

/** Lists an offset of every partition of a topic, by partition. */
export function listOffsets(
  router: BrokerRouter,
  query: OffsetQuery,
): Promise<Map<number, number>> {
  return router.retrying(async () => {
    const { partitions } = await describeLedTopic(router, query.topic)
    return await listOfPartitions(router, query, partitions)
  })
}

/** Lists offsets as {@link listOffsets} does, without the partitions that stay without a leader. */
export async function listOffsetsWhereLed(
  router: BrokerRouter,
  query: OffsetQuery,
): Promise<Map<number, number>> {
  try {
    return await listOffsets(router, query)
  } catch (error) {
    if (!KanneryError.is(error) || !isTransient(error)) throw error
    const { partitions } = await router.retrying(() => router.describeTopic(query.topic))
    const led = partitions.filter(({ leader }) => leader !== undefined)
    const answers = await Promise.allSettled(
      led.map((partition) => listOfPartitions(router, query, [partition])),
    )
    const offsets = new Map(answers.flatMap(offsetsOrNone))
    if (offsets.size === 0) throw error
    return offsets
  }
}

/**
 * Asks the leader where its log leaves an epoch (OffsetForLeaderEpoch, KIP-320): the offset at
 * which a later epoch begins, or the end of the log. For an epoch whose records are all deleted it
 * is where the log now starts. undefined when the log never knew the epoch.
 */
export function endOfEpoch(
  router: BrokerRouter,
  { topic, partition, leaderEpoch }: EpochQuery,
): Promise<number | undefined> {
  const api = 'OffsetForLeaderEpoch'
  return router.retrying(async () => {
    const leader = await router.toLeaderOf(topic, partition)
    const answer = await leader.call(offsetForLeaderEpochApi, {
      topics: [{ name: topic, partitions: [{ partition, leaderEpoch }] }],
    })
    const result = onlyOne(onlyOne(answer.topics, api).partitions, api)
    assertNoKafkaError(result.errorCode, { api, operation: 'Describe', topic, partition })
    return result.leaderEpoch === leaderEpoch ? result.endOffset : undefined
  })
}

async function listOfPartitions(
  router: BrokerRouter,
  query: OffsetQuery,
  partitions: readonly PartitionMetadata[],
): Promise<Map<number, number>> {
  const byLeader = Map.groupBy(partitions, ({ leader }) => leader ?? -1)
  const answers = await Promise.all(
    [...byLeader].map(async ([leader, led]) =>
      listOffsetsOfLeader(await router.to(leader), query, led),
    ),
  )
  return new Map(answers.flatMap((offsets) => [...offsets]).sort(([a], [b]) => a - b))
}

/**
 * Asks the leader of all of `partitions`.
 *
 * @throws the error of the first partition that has one; KAFKA_UNSUPPORTED when the broker is too
 *   old for `earliest-local` (before version 8 of ListOffsets, in Kafka 3.6).
 */
async function listOffsetsOfLeader(
  connection: BrokerConnection,
  { topic, at, isolation }: OffsetQuery,
  partitions: readonly PartitionMetadata[],
): Promise<Map<number, number>> {
  const api = at === 'earliest-local' ? listOffsetsWithEarliestLocal : listOffsetsApi
  const answer = await connection.call(api, {
    isolationLevel: isolationLevels[isolation],
    topics: [
      {
        name: topic,
        partitions: partitions.map(({ partition }) => ({ partition, timestamp: timestamps[at] })),
      },
    ],
  })
  const offsets = new Map<number, number>()
  for (const entry of answer.topics.flatMap((of) => of.partitions)) {
    const { partition } = entry
    const facts = { api: 'ListOffsets', operation: 'Describe', topic, partition }
    assertNoKafkaError(entry.errorCode, facts)
    offsets.set(partition, entry.offset)
  }
  return offsets
}

/** Offsets of one leader's answer; none when it failed for a passing reason. */
function offsetsOrNone(
  answer: PromiseSettledResult<ReadonlyMap<number, number>>,
): readonly (readonly [partition: number, offset: number])[] {
  if (answer.status === 'fulfilled') return [...answer.value]
  const error: unknown = answer.reason
  if (KanneryError.is(error) && isTransient(error)) return []
  throw error
}
