import { currentIncarnation, type Incarnation, type Index } from '@kannery/core/index-file'
import type { WriterSession } from '@kannery/core/writing'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import { topicOutdated } from '../fetching/fetch-failures.ts'
import type { AnewReason, BegunIncarnation } from '../observer.ts'
import { recordSettings, topicIdOf } from './retention-upkeep.ts'

type BeginSource = Pick<KafkaCluster, 'describeTopicConfig' | 'listOffsetsWhereLed' | 'metadata'>

/**
 * Makes the index end with the incarnation that this topic is. Returns the one that began, unless
 * it is the first one.
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
    await takeUpPartitions(cluster, session, topic, known)
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
 * @throws KAFKA_UNREACHABLE when the metadata is of a broker that has not heard yet that the topic
 *   was created again.
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

/** Partitions that were added since the last run. */
async function takeUpPartitions(
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
 * Where the logs of the partitions from `first` on begin. One that has no leader is taken from 0
 * on: what turns out to be gone becomes a gap.
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
