import type { KanneryError } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import { logDiverged, logTruncated, offsetsGone } from './fetch-failures.ts'
import type { PartitionCursor } from './partition-cursor.ts'

/** What became of the offset that a broker did not want to serve. */
export type LossVerdict =
  /** Retention or DeleteRecords removed what comes before `to`. */
  | { readonly kind: 'gap'; readonly to: number; readonly error: KanneryError }
  /** The log does not hold what was read of it before: an unclean leader election cut it off. */
  | { readonly kind: 'truncated'; readonly error: KanneryError }
  /** The leader has it. */
  | { readonly kind: 'there' }

type LossSource = Pick<KafkaCluster, 'listOffsetsWhereLed' | 'endOfEpoch' | 'metadata'>

/**
 * Asks the partition's leader of now why `cursor.next` was not served: one answer to a fetch may be
 * of a broker that was leader once.
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
  // The answers are of a topic that was created again meanwhile. The next metadata says so.
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
