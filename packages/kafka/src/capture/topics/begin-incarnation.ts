import { currentIncarnation, type Incarnation, type Index } from '@kannery/core/index-file'
import type { WriterSession } from '@kannery/core/writing'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import type { AnewReason, BegunIncarnation } from '../observer.ts'
import { recordSettings, topicIdOf } from './retention-upkeep.ts'
import { topicOutdated } from './topic-failures.ts'

type BeginSource = Pick<KafkaCluster, 'describeTopicConfig' | 'listOffsetsWhereLed' | 'metadata'>

/**
 * Makes the topic's present incarnation the last one of the index. Returns the incarnation that
 * began, unless it is the topic's first one.
 */
export async function beginOrContinue(
  cluster: BeginSource,
  session: WriterSession,
  topic: TopicMetadata,
  truncated?: number,
): Promise<BegunIncarnation | undefined> {
  const known = currentIncarnation(session.index)
  const settings = await cluster.describeTopicConfig(topic.name)
  const reason = known && reasonToBegin(session.index, known, topic, truncated)
  if (known !== undefined && reason === undefined) {
    await recordSettings(session, settings, () => topicIdOf(cluster, topic.name))
    await addPartitions(cluster, session, topic, known)
    return undefined
  }
  await session.beginIncarnation({
    topicId: topic.topicId,
    partitions: topic.partitions.length,
    start: await startsFrom(cluster, topic, 0),
    config: settings.overrides,
    effective: settings.effective,
    replicationFactor: topic.partitions[0]?.replicas.length ?? 1,
  })
  const incarnation = currentIncarnation(session.index)?.n ?? 0
  return reason && { incarnation, reason }
}

/**
 * Decides whether a new incarnation begins, and why.
 *
 * @throws KAFKA_UNREACHABLE when the metadata comes from a broker that does not know yet that the
 *   topic was created again.
 */
function reasonToBegin(
  { incarnations }: Index,
  known: Incarnation,
  { name, topicId }: TopicMetadata,
  truncated: number | undefined,
): AnewReason | undefined {
  if (topicId === known.topicId) return truncated === known.n ? 'truncated' : undefined
  if (incarnations.some((before) => before.topicId === topicId)) throw topicOutdated(name, topicId)
  return 'created-again'
}

/** Enters partitions into the index that were added to the topic since the last run. */
async function addPartitions(
  cluster: BeginSource,
  session: WriterSession,
  topic: TopicMetadata,
  { partitions: known }: Incarnation,
): Promise<void> {
  const { length: partitions } = topic.partitions
  if (known >= partitions) return
  await session.commit({ partitions, start: await startsFrom(cluster, topic, known) })
}

/**
 * Finds where the logs of the partitions from number `first` on begin. A partition without a leader
 * is captured from 0 on: what turns out to be gone becomes a gap.
 */
async function startsFrom(
  cluster: BeginSource,
  { name, partitions }: TopicMetadata,
  first: number,
): Promise<Readonly<Record<number, number>>> {
  const earliest = await cluster.listOffsetsWhereLed(name, 'earliest', 'read-uncommitted')
  return Object.fromEntries(
    partitions
      .filter(({ partition }) => partition >= first)
      .map(({ partition }) => [partition, earliest.get(partition) ?? 0]),
  )
}
