import type { BrokerConnection } from '../transport/broker-connection.ts'
import type { AclOperation } from './acl-operations.ts'
import { BrokerRouter, type KafkaClusterOptions } from './broker-router.ts'
import type { ClusterMetadata, TopicMetadata } from './metadata.ts'
import {
  type EpochQuery,
  endOfEpoch,
  type Isolation,
  listOffsets,
  listOffsetsWhereLed,
  type OffsetPosition,
} from './offsets.ts'
import {
  type ActiveProducer,
  describeProducers,
  initProducerId,
  type ProducerIdentity,
} from './producers.ts'
import { alterTopicConfig, describeTopicConfig, type TopicConfig } from './topic-config.ts'
import {
  allowedOperations,
  createTopic,
  describeLedTopic,
  type NewTopic,
  validateTopic,
} from './topics.ts'

/**
 * A connected Kafka cluster: its topics, offsets, configurations and producers.
 *
 * Each call is sent to the broker that can answer it: the leader, the controller, or any broker.
 * When that broker has moved, is not ready or does not answer, the call is repeated for twice the
 * request timeout and then fails. Only the addresses of the brokers are cached: every answer
 * describes the cluster as it is now.
 */
export class KafkaCluster implements AsyncDisposable {
  readonly #router: BrokerRouter

  /**
   * Connects to the first bootstrap server that answers; each is tried once.
   *
   * @throws KAFKA_UNREACHABLE when none answers, KAFKA_TLS_FAILED, KAFKA_AUTHENTICATION_FAILED.
   */
  static async connect(options: KafkaClusterOptions): Promise<KafkaCluster> {
    const router = new BrokerRouter(options)
    try {
      await router.fetchMetadata([])
      return new KafkaCluster(router)
    } catch (error) {
      await router[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(router: BrokerRouter) {
    this.#router = router
  }

  /** The cluster's id, as its first metadata named it. */
  get clusterId(): string {
    return this.#router.clusterId
  }

  /**
   * Describes `topics`, or all topics that this user may see. Never creates a topic. Problems of
   * single topics are in their `error`.
   */
  metadata(topics?: readonly string[]): Promise<ClusterMetadata> {
    return this.#router.retrying(() => this.#router.fetchMetadata(topics))
  }

  /**
   * Describes one topic whose partitions all have a leader; waits for elections.
   *
   * @throws KAFKA_TOPIC_UNKNOWN, KAFKA_DENIED at once; KAFKA_UNREACHABLE when a partition stays
   *   without a leader.
   */
  topic(name: string): Promise<TopicMetadata> {
    return describeLedTopic(this.#router, name)
  }

  /**
   * Creates a topic and waits until all its partitions have leaders. When an answer is lost, the
   * request is repeated: a topic that exists by then with the partitions, replicas and settings
   * that were asked for counts as created by it.
   *
   * @throws an error whose message says so when the topic was created but is not ready, or when it
   *   stays unknown whether it was created.
   */
  createTopic(topic: NewTopic): Promise<TopicMetadata> {
    return createTopic(this.#router, topic)
  }

  /**
   * Asks whether `createTopic` would succeed, and creates nothing. The cluster checks name,
   * permission, replicas, configuration and policies. Resolves with the configuration that would be
   * in force; empty where this user may not see it (KIP-525).
   */
  validateTopic(topic: NewTopic): Promise<Readonly<Record<string, string>>> {
    return validateTopic(this.#router, topic)
  }

  /** Lists what this user may do with a topic, by the names of Kafka's ACL operations (KIP-430). */
  allowedOperations(topic: string): Promise<ReadonlySet<AclOperation>> {
    return allowedOperations(this.#router, topic)
  }

  describeTopicConfig(topic: string): Promise<TopicConfig> {
    return describeTopicConfig(this.#router, topic)
  }

  /**
   * Sets and removes overrides of a topic. Those that are not named stay as they are
   * (IncrementalAlterConfigs, KIP-339).
   */
  alterTopicConfig(
    topic: string,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
  ): Promise<void> {
    return alterTopicConfig(this.#router, topic, { set, remove, purpose: 'alter' })
  }

  /** Asks whether `alterTopicConfig` would succeed, and changes nothing. */
  validateTopicConfig(
    topic: string,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
  ): Promise<void> {
    return alterTopicConfig(this.#router, topic, { set, remove, purpose: 'validate only' })
  }

  /**
   * Lists an offset of every partition, by partition. `latest` is the high watermark, or with
   * `read-committed` the last stable offset. Follows leaders that move.
   */
  listOffsets(
    topic: string,
    at: OffsetPosition,
    isolation: Isolation,
  ): Promise<Map<number, number>> {
    return listOffsets(this.#router, { topic, at, isolation })
  }

  /**
   * Lists offsets as {@link listOffsets} does, without the partitions that have no leader for as
   * long as a call is repeated.
   *
   * @throws as `listOffsets` when no leader answers for any partition.
   */
  listOffsetsWhereLed(
    topic: string,
    at: OffsetPosition,
    isolation: Isolation,
  ): Promise<Map<number, number>> {
    return listOffsetsWhereLed(this.#router, { topic, at, isolation })
  }

  /**
   * Asks the partition's leader where its log leaves an epoch (OffsetForLeaderEpoch, KIP-320): the
   * offset at which a later epoch begins, or the end of the log. Resolves with undefined when the
   * log never knew the epoch.
   */
  endOfEpoch(query: EpochQuery): Promise<number | undefined> {
    return endOfEpoch(this.#router, query)
  }

  /** Takes a new producer id, for an idempotent producer without transactions. */
  initProducerId(): Promise<ProducerIdentity> {
    return initProducerId(this.#router)
  }

  /**
   * Describes the producers that the leader of a partition remembers (KIP-664): which of them holds
   * a transaction open, and how far each has written.
   */
  describeProducers(topic: string, partition: number): Promise<readonly ActiveProducer[]> {
    return describeProducers(this.#router, topic, partition)
  }

  /** Opens a new connection to one broker, for fetching or producing. The caller disposes of it. */
  openConnection(brokerId: number): Promise<BrokerConnection> {
    return this.#router.openConnection(brokerId)
  }

  /** Closes the control connections. Those from `openConnection` belong to their callers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#router[Symbol.asyncDispose]()
  }
}
