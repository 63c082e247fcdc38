import type { WriterSession } from '@kannery/core/writing'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import type { CursorStart } from '../fetching/partition-cursor.ts'
import type { CaptureObserver } from '../observer.ts'
import { KafkaRecoverySource } from './recovery-source.ts'
import { unexplainedObjects } from './topic-failures.ts'

/** What continuing the backup of a topic needs. */
interface ResumeContext {
  readonly cluster: KafkaCluster
  readonly observer: CaptureObserver
  /** True when the run ends at the high watermarks of its start. */
  readonly once: boolean
}

/**
 * Recovers what an earlier writer uploaded and did not commit. Segments that nothing explains are
 * reported as a warning. Call it before the first fetch.
 */
export async function recoverSegments(
  { cluster, observer }: ResumeContext,
  session: WriterSession,
  topic: TopicMetadata,
): Promise<void> {
  const { unexplained } = await session.recover(new KafkaRecoverySource(cluster, topic))
  if (unexplained.length > 0) observer.onWarning(unexplainedObjects(topic.name, unexplained))
}

/**
 * Finds out where each partition continues, by partition. In a run of mode `once` it also asks
 * where they end; a partition without a leader then has no end.
 */
export async function cursorStarts(
  { cluster, once }: ResumeContext,
  session: WriterSession,
  topic: TopicMetadata,
): Promise<ReadonlyMap<number, CursorStart>> {
  const epochs = session.lastLeaderEpochs()
  const ends = once
    ? await cluster.listOffsetsWhereLed(topic.name, 'latest', 'read-uncommitted')
    : undefined
  const starts = new Map<number, CursorStart>()
  for (const [partition, next] of session.nextOffsets()) {
    starts.set(partition, {
      next,
      lastEpoch: epochs.get(partition) ?? -1,
      end: ends?.get(partition),
    })
  }
  return starts
}
