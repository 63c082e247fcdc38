import { kafkaError } from '../cluster/errors.ts'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../cluster/metadata.ts'
import type { Selection } from '../reading/segment-spans.ts'
import { Findings } from './findings.ts'
import { missingPermissions, type Target } from './preflight.ts'
import { releaseSettings } from './topic-settings.ts'

/** A topic that is ready for the first record. */
export interface Destination {
  readonly topic: TopicMetadata
  /** Of the partitions that are restored: where their first records land. */
  readonly startOffsets: ReadonlyMap<number, number>
  /** Gives the topic what was held off while restoring. */
  finish(): Promise<void>
}

/**
 * Creates the topic, where there is none, with a configuration that leaves the records alone.
 *
 * @throws KAFKA_DENIED when this user may not do with the new topic what the restore needs; it is then there, and empty.
 */
export async function openDestination(
  cluster: KafkaCluster,
  target: Target,
  { selection, verify }: { readonly selection: Selection; readonly verify: boolean },
): Promise<Destination> {
  const topic = target.kind === 'new' ? await cluster.createTopic(target.topic) : target.topic
  const { name } = topic
  const { final } = target
  if (final !== undefined) {
    const findings = new Findings()
    const needed = ['Write', 'AlterConfigs', ...(verify ? ['Read' as const] : [])] as const
    findings.add(...(await missingPermissions(cluster, name, needed)))
    findings.throwIfAny()
  }
  return {
    topic,
    startOffsets: await endOffsets(cluster, name, selection.partitions),
    finish: async () => {
      if (final === undefined) return
      const { set, remove } = releaseSettings(final)
      await cluster.alterTopicConfig(name, set, remove)
    },
  }
}

/** Partition → the offset behind its last record. */
export async function endOffsets(
  cluster: KafkaCluster,
  topic: string,
  partitions: ReadonlySet<number>,
): Promise<ReadonlyMap<number, number>> {
  const ends = await cluster.listOffsets(topic, 'latest', 'read-uncommitted')
  return new Map(
    Array.from(partitions, (partition) => {
      const end = ends.get(partition)
      if (end === undefined) throw kafkaError(3, { api: 'ListOffsets', topic, partition })
      return [partition, end] as const
    }),
  )
}
