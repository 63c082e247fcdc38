import type { KanneryError } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import { logDiverged, logTruncated, offsetsGone } from './fetch-failures.ts'
import type { PartitionCursor } from './partition-cursor.ts'

/** Why a broker did not serve an offset. */
type LossVerdict =
  /** Retention or DeleteRecords removed what was before `to`. */
  | { readonly kind: 'gap'; readonly to: number; readonly error: KanneryError }
  /** The log does not hold what was read before: an unclean leader election truncated it. */
  | { readonly kind: 'truncated'; readonly error: KanneryError }
  /** The leader has the offset. */
  | { readonly kind: 'there' }

type LossSource = Pick<KafkaCluster, 'listOffsetsWhereLed' | 'endOfEpoch' | 'metadata'>

/**
 * Asks the partition's present leader why `cursor.next` was not served. A single answer to a fetch
 * may come from a former leader.
 *
 * @throws KAFKA_* when the leader cannot be asked.
 */
export async function judgeLoss(
  cluster: LossSource,
  cursor: PartitionCursor,
): Promise<LossVerdict> {
  const { topic, partition, next, lastEpoch } = cursor
  const [starts, ends, epochEnd] = await Promise.all([
    cluster.listOffsetsWhereLed(topic.name, 'earliest', 'read-uncommitted'),
    cluster.listOffsetsWhereLed(topic.name, 'latest', 'read-uncommitted'),
    lastEpoch < 0
      ? undefined
      : cluster.endOfEpoch({ topic: topic.name, partition, leaderEpoch: lastEpoch }),
  ])
  const { topics } = await cluster.metadata([topic.name])
  const [earliest, latest] = [starts.get(partition), ends.get(partition)]
  // The answers are about a topic that was created again in the meantime. The next metadata shows
  // it.
  if (topics[0]?.topicId !== topic.topicId) return { kind: 'there' }
  if (earliest === undefined || latest === undefined) return { kind: 'there' }
  if (lastEpoch >= 0 && (epochEnd === undefined || epochEnd < next)) {
    return { kind: 'truncated', error: logDiverged(cursor, epochEnd) }
  }
  if (next < earliest) {
    return { kind: 'gap', to: earliest, error: offsetsGone(cursor, earliest) }
  }
  if (next > latest) return { kind: 'truncated', error: logTruncated(cursor, latest) }
  return { kind: 'there' }
}
