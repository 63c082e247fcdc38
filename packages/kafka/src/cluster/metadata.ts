import type { KanneryError } from '@kannery/storage'
import type { HostPort } from '../configuration/connection-options.ts'
import { type MetadataAnswer, type MetadataTopic, metadataApi } from '../protocol/apis/metadata.ts'
import { errorNumbers } from '../protocol/error-numbers.ts'
import type { ApiCaller } from '../transport/broker-request.ts'
import { kafkaError } from './errors.ts'

/** A broker of the cluster, with the address that it advertises. */
export interface Broker extends HostPort {
  readonly id: number
  readonly rack: string | undefined
}

/** The leader and the replicas of a partition. */
export interface PartitionMetadata {
  readonly partition: number
  /** Broker id; undefined while the partition has no leader. */
  readonly leader: number | undefined
  /** Number of the leader's election; −1 when unknown. */
  readonly leaderEpoch: number
  /** Ids of the brokers that hold the partition. */
  readonly replicas: readonly number[]
  /** Ids of the brokers whose replicas are in sync. */
  readonly isr: readonly number[]
}

/** Description of one topic, as a broker knows it. */
export interface TopicMetadata {
  readonly name: string
  /**
   * The topic's id as Kafka's tools print it: base64url of 16 bytes. All zero when the brokers know
   * no topic ids (before Kafka 2.8).
   */
  readonly topicId: string
  /** The same id as 16 bytes. */
  readonly topicIdBytes: Uint8Array
  /** Whether Kafka itself uses the topic, such as `__consumer_offsets`. */
  readonly internal: boolean
  /** Partitions in order of their numbers. Empty when there is an `error`. */
  readonly partitions: readonly PartitionMetadata[]
  /** Why the topic cannot be described, for example KAFKA_TOPIC_UNKNOWN or KAFKA_DENIED. */
  readonly error?: KanneryError
}

/** Description of the cluster and of the topics that were asked for, as a broker knows them. */
export interface ClusterMetadata {
  readonly clusterId: string
  readonly controllerId: number
  /** Brokers by id. */
  readonly brokers: ReadonlyMap<number, Broker>
  readonly topics: readonly TopicMetadata[]
}

/**
 * Asks a broker for the metadata of `topics`, or of all topics that this user may see. Never
 * creates a topic. `operations`: also asks what this user may do with the topics (KIP-430).
 */
export function requestMetadata(
  broker: ApiCaller,
  topics: readonly string[] | undefined,
  { operations = false }: { readonly operations?: boolean } = {},
): Promise<MetadataAnswer> {
  const request = { topics: topics ?? null, includeAllowedOperations: operations }
  return broker.call(metadataApi, request)
}

/** Reads a Metadata answer. */
export function readMetadata(answer: MetadataAnswer): ClusterMetadata {
  return {
    clusterId: answer.clusterId ?? '',
    controllerId: answer.controllerId,
    brokers: new Map(
      answer.brokers.map(({ rack, ...broker }) => [
        broker.id,
        { ...broker, rack: rack ?? undefined },
      ]),
    ),
    topics: answer.topics.map(readTopic),
  }
}

function readTopic(topic: MetadataTopic): TopicMetadata {
  const { name, isInternal, partitions } = topic
  // A copy, which does not keep the whole answer in memory.
  const topicIdBytes = Buffer.from(topic.topicId)
  return {
    name,
    topicId: topicIdBytes.toString('base64url'),
    topicIdBytes,
    internal: isInternal,
    partitions: partitions
      .map((partition) => ({
        ...partition,
        leader: partition.leader < 0 ? undefined : partition.leader,
      }))
      .sort((one, other) => one.partition - other.partition),
    ...(topic.errorCode === errorNumbers.NONE
      ? {}
      : {
          error: kafkaError(topic.errorCode, {
            api: 'Metadata',
            operation: 'Describe',
            topic: name,
          }),
        }),
  }
}
