import { type Clock, KanneryError, type Random } from '@kannery/storage'
import {
  describeConfigsV2,
  describeConfigsV4,
  describeProducersV0,
  incrementalAlterConfigsV0,
  incrementalAlterConfigsV1,
  initProducerIdV2,
  initProducerIdV4,
  metadataV9,
  metadataV11,
  metadataV12,
} from '@platformatic/kafka'
import { formatHostPort, type KafkaConnectionOptions } from '../configuration/connection-options.ts'
import type { BrokerConnection } from '../transport/broker-connection.ts'
import { type AclOperation, readOperations } from './acl-operations.ts'
import { callNewest, knownSettings, onlyOne } from './api-call.ts'
import { ControlConnections } from './control-connections.ts'
import { type EpochQuery, endOfEpochAtLeader } from './end-of-epoch.ts'
import { assertNoKafkaError, kafkaError } from './errors.ts'
import {
  type ClusterMetadata,
  type PartitionMetadata,
  readMetadata,
  type TopicMetadata,
} from './metadata.ts'
import {
  type Isolation,
  listOffsetsOfLeader,
  type OffsetPosition,
  type OffsetQuery,
} from './offsets.ts'
import { type RetryOptions, retrying } from './retry.ts'
import { type NewTopic, requestTopic } from './topics.ts'

export interface KafkaClusterOptions {
  readonly connection: KafkaConnectionOptions
  readonly clock: Clock
  readonly random: Random
  /**
   * Ends waiting for brokers that are not ready; the pending call rejects with the signal's reason.
   */
  readonly signal?: AbortSignal
}

export interface TopicConfig {
  /** What was set on the topic itself. */
  readonly overrides: Readonly<Record<string, string>>
  /** What is in force: overrides, else the broker's settings, else Kafka's defaults. */
  readonly effective: Readonly<Record<string, string>>
}

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

export interface ActiveProducer extends ProducerIdentity {
  readonly lastSequence: number
  /** Milliseconds. */
  readonly lastTimestamp: number
  /** First offset of its open transaction; undefined when none is open. */
  readonly transactionStart: number | undefined
}

/**
 * Patience in request timeouts: when one broker does not answer at all, there is time to ask
 * another one. As Kafka's clients: default.api.timeout.ms is twice request.timeout.ms.
 */
const attemptsWorth = 2

/** Kafka's ConfigResource.Type and AlterConfigOp.OpType. */
const topicResource = 2
const setConfig = 0
const deleteConfig = 1

/** Kafka's DescribeConfigsResponse.ConfigSource: set on the topic itself. */
const dynamicTopicConfig = 1

/**
 * A Kafka cluster as an administrator sees it. Calls are answered by the broker that knows (leader,
 * controller, any); when that one moved, is not ready or does not answer, they ask again for twice
 * as long as a request may take, then throw. Nothing is cached but the brokers' addresses: every
 * answer is the cluster's present one.
 */
export class KafkaCluster implements AsyncDisposable {
  readonly #options: KafkaClusterOptions
  readonly #control: ControlConnections
  #clusterId = ''

  /**
   * @throws KAFKA_UNREACHABLE when no bootstrap server answers (tried once each), KAFKA_TLS_FAILED,
   *   KAFKA_AUTHENTICATION_FAILED.
   */
  static async connect(options: KafkaClusterOptions): Promise<KafkaCluster> {
    const cluster = new KafkaCluster(options)
    try {
      await cluster.#fetchMetadata([])
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(options: KafkaClusterOptions) {
    this.#options = options
    this.#control = new ControlConnections(options)
  }

  get clusterId(): string {
    return this.#clusterId
  }

  /**
   * Describes `topics`, or all topics that this user may see. Never creates one. Problems of single
   * topics are in their `error`.
   */
  metadata(topics?: readonly string[]): Promise<ClusterMetadata> {
    return this.#retrying(() => this.#fetchMetadata(topics))
  }

  /**
   * Describes one topic whose partitions all have a leader; waits for an election.
   *
   * @throws KAFKA_TOPIC_UNKNOWN, KAFKA_DENIED at once; KAFKA_UNREACHABLE when a partition stays
   *   without a leader.
   */
  topic(name: string): Promise<TopicMetadata> {
    return this.#retrying(async () => {
      const topic = await this.#describeTopic(name)
      for (const { partition, leader } of topic.partitions) {
        if (leader === undefined) {
          throw kafkaError(5, { api: 'Metadata', topic: name, partition })
        }
      }
      return topic
    })
  }

  async describeTopicConfig(topic: string): Promise<TopicConfig> {
    const configs = await this.#retrying(async () => {
      const answer = await callNewest(
        await this.#control.toAny(),
        [describeConfigsV4.api, describeConfigsV2.api],
        [{ resourceType: topicResource, resourceName: topic, configurationKeys: null }],
        false,
        false,
      )
      const result = onlyOne(answer.results, 'DescribeConfigs')
      assertNoKafkaError(result.errorCode, {
        api: 'DescribeConfigs',
        operation: 'DescribeConfigs',
        topic,
        detail: result.errorMessage,
      })
      return result.configs
    }, isTransientButNotUnknown)
    return {
      overrides: knownSettings(
        configs.filter((entry) => entry.configSource === dynamicTopicConfig),
      ),
      effective: knownSettings(configs),
    }
  }

  /**
   * Partition → offset, of all partitions. `latest` is the high watermark, or with `read-committed`
   * the last stable offset. Follows leaders that move.
   */
  listOffsets(
    topic: string,
    at: OffsetPosition,
    isolation: Isolation,
  ): Promise<Map<number, number>> {
    return this.#retrying(async () => {
      const { partitions } = await this.topic(topic)
      return await this.#listOffsets(partitions, { topic, at, isolation })
    })
  }

  /**
   * Partition → offset, as {@link listOffsets}. Partitions that have no leader for as long as a
   * request may take are missing.
   *
   * @throws as `listOffsets` when no leader answers for any partition.
   */
  async listOffsetsWhereLed(
    topic: string,
    at: OffsetPosition,
    isolation: Isolation,
  ): Promise<Map<number, number>> {
    try {
      return await this.listOffsets(topic, at, isolation)
    } catch (error) {
      if (!KanneryError.is(error) || !isTransient(error)) throw error
      const { partitions } = await this.#retrying(() => this.#describeTopic(topic))
      const led = partitions.filter(({ leader }) => leader !== undefined)
      const query = { topic, at, isolation }
      const answers = await Promise.allSettled(led.map((one) => this.#listOffsets([one], query)))
      const offsets = new Map(answers.flatMap(offsetsOrNone))
      if (offsets.size === 0) throw error
      return offsets
    }
  }

  /**
   * Creates a topic and waits until all its partitions have leaders. When the connection breaks
   * before the answer, it is unknown whether the topic was created; that is told, not tried again.
   */
  async createTopic(topic: NewTopic): Promise<TopicMetadata> {
    const { name, partitions } = topic
    await this.#requestTopic(topic, 'create')
    return this.#retrying(async () => {
      const created = await this.topic(name)
      if (created.partitions.length < partitions) {
        throw kafkaError(5, { api: 'Metadata', topic: name, partition: created.partitions.length })
      }
      return created
    }, mayRetryNewTopic)
  }

  /**
   * Asks whether `createTopic` would succeed, and creates nothing: name, permission, replicas,
   * configuration and policies are judged. Resolves with the configuration that would be in force;
   * empty where this user may not see it (KIP-525).
   */
  async validateTopic(topic: NewTopic): Promise<Readonly<Record<string, string>>> {
    return this.#requestTopic(topic, 'validate only')
  }

  /** What this user may do with a topic, by the names of Kafka's ACL operations (KIP-430). */
  allowedOperations(topic: string): Promise<ReadonlySet<AclOperation>> {
    return this.#retrying(async () => {
      const answer = await callNewest(
        await this.#control.toAny(),
        [metadataV12.api, metadataV11.api, metadataV9.api],
        [topic],
        false,
        true,
      )
      const { error } = onlyOne(readMetadata(answer).topics, 'Metadata')
      if (error !== undefined) throw error
      return readOperations(onlyOne(answer.topics, 'Metadata').topicAuthorizedOperations)
    })
  }

  /**
   * Sets and removes overrides of a topic; those not named stay as they are
   * (IncrementalAlterConfigs, KIP-339).
   */
  alterTopicConfig(
    topic: string,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
  ): Promise<void> {
    return this.#alterTopicConfig(topic, { set, remove, purpose: 'alter' })
  }

  /** Asks whether `alterTopicConfig` would succeed, and changes nothing. */
  validateTopicConfig(
    topic: string,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
  ): Promise<void> {
    return this.#alterTopicConfig(topic, { set, remove, purpose: 'validate only' })
  }

  async #alterTopicConfig(
    topic: string,
    {
      set,
      remove,
      purpose,
    }: {
      readonly set: Readonly<Record<string, string>>
      readonly remove: readonly string[]
      readonly purpose: 'alter' | 'validate only'
    },
  ): Promise<void> {
    const configs = [
      ...Object.entries(set).map(([name, value]) => ({
        name,
        configOperation: setConfig as typeof setConfig,
        value,
      })),
      ...remove.map((name) => ({ name, configOperation: deleteConfig as typeof deleteConfig })),
    ]
    if (configs.length === 0) return
    await this.#retrying(async () => {
      const answer = await callNewest(
        await this.#controller(),
        [incrementalAlterConfigsV1.api, incrementalAlterConfigsV0.api],
        [{ resourceType: topicResource, resourceName: topic, configs }],
        purpose === 'validate only',
      )
      const result = onlyOne(answer.responses, 'IncrementalAlterConfigs')
      assertNoKafkaError(result.errorCode, {
        api: 'IncrementalAlterConfigs',
        operation: 'AlterConfigs',
        topic,
        detail: result.errorMessage,
        ...(answer.throttleTimeMs > 0 ? { throttleTimeMs: answer.throttleTimeMs } : {}),
      })
    }, isTransientButNotUnknown)
  }

  /** A producer id of our own, for an idempotent producer without transactions. */
  initProducerId(): Promise<ProducerIdentity> {
    return this.#retrying(async () => {
      const answer = await callNewest(
        await this.#control.toAny(),
        [initProducerIdV4.api, initProducerIdV2.api],
        null,
        this.#options.connection.requestTimeoutMs,
        -1n,
        -1,
      )
      assertNoKafkaError(answer.errorCode, { api: 'InitProducerId', operation: 'IdempotentWrite' })
      return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
    })
  }

  /**
   * The producers that the leader of a partition remembers (KIP-664): who holds a transaction open,
   * how far one got.
   */
  describeProducers(topic: string, partition: number): Promise<readonly ActiveProducer[]> {
    return this.#retrying(async () => {
      const answer = await callNewest(
        await this.#toLeaderOf(topic, partition),
        [describeProducersV0.api],
        [{ name: topic, partitionIndexes: [partition] }],
      )
      const result = onlyOne(
        onlyOne(answer.topics, 'DescribeProducers').partitions,
        'DescribeProducers',
      )
      assertNoKafkaError(result.errorCode, {
        api: 'DescribeProducers',
        operation: 'Read',
        topic,
        partition,
        detail: result.errorMessage,
      })
      return result.activeProducers.map((producer) => ({
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        lastSequence: producer.lastSequence,
        lastTimestamp: Number(producer.lastTimestamp),
        transactionStart:
          producer.currentTxnStartOffset < 0n ? undefined : Number(producer.currentTxnStartOffset),
      }))
    })
  }

  /**
   * Asks the partition's leader where its log leaves an epoch; undefined when it never knew that
   * epoch.
   */
  endOfEpoch(query: EpochQuery): Promise<number | undefined> {
    return this.#retrying(async () => {
      return endOfEpochAtLeader(await this.#toLeaderOf(query.topic, query.partition), query)
    })
  }

  /** A new connection to one broker, for fetching or producing. The caller disposes it. */
  async openConnection(brokerId: number): Promise<BrokerConnection> {
    if (!this.#control.brokers.has(brokerId)) await this.metadata([])
    const broker = this.#control.brokers.get(brokerId)
    if (broker === undefined) throw unknownBroker(brokerId)
    return this.#control.openFresh(broker)
  }

  /** Closes the control connections. Those from `openConnection` belong to their callers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control[Symbol.asyncDispose]()
  }

  async #listOffsets(
    partitions: readonly PartitionMetadata[],
    query: Omit<OffsetQuery, 'partitions'>,
  ): Promise<Map<number, number>> {
    const byLeader = Map.groupBy(partitions, ({ leader }) => leader ?? -1)
    const answers = await Promise.all(
      [...byLeader].map(async ([leader, led]) =>
        listOffsetsOfLeader(await this.#controlTo(leader), {
          ...query,
          partitions: led.map(({ partition }) => partition),
        }),
      ),
    )
    return new Map(answers.flatMap((offsets) => [...offsets]).sort(([a], [b]) => a - b))
  }

  #requestTopic(
    topic: NewTopic,
    purpose: 'create' | 'validate only',
  ): Promise<Readonly<Record<string, string>>> {
    const { requestTimeoutMs } = this.#options.connection
    return this.#retrying(
      async () => requestTopic(await this.#controller(), topic, { purpose, requestTimeoutMs }),
      ({ facts: { kafkaError: meaning } }) => meaning === 'NOT_CONTROLLER',
    )
  }

  async #fetchMetadata(topics: readonly string[] | undefined): Promise<ClusterMetadata> {
    const answer = await callNewest(
      await this.#control.toAny(),
      [metadataV12.api, metadataV11.api, metadataV9.api],
      topics === undefined ? null : [...topics],
      false,
      false,
    )
    const metadata = readMetadata(answer)
    this.#assertSameCluster(metadata.clusterId)
    this.#control.update(metadata.brokers)
    this.#clusterId = metadata.clusterId
    return metadata
  }

  /**
   * A name or address may come to lead to another cluster: whatever that says of topics and
   * offsets, it is not about ours.
   */
  #assertSameCluster(clusterId: string): void {
    const known = this.#clusterId
    if (known === '' || clusterId === '' || clusterId === known) return
    const servers = this.#options.connection.bootstrapServers.map(formatHostPort).join(', ')
    throw new KanneryError('KAFKA_UNREACHABLE', `another Kafka cluster answers at ${servers}`, {
      retry: 'never',
      why: `its id is ${clusterId}; it was ${known} before`,
      remedy:
        'Check the addresses, and to whom their names lead. Nothing was taken from the other cluster.',
      facts: { cluster: known, otherCluster: clusterId },
    })
  }

  async #describeTopic(name: string): Promise<TopicMetadata> {
    const { topics } = await this.#fetchMetadata([name])
    const topic = onlyOne(topics, 'Metadata')
    if (topic.error !== undefined) throw topic.error
    return topic
  }

  /**
   * With KRaft any broker forwards to the controller; with ZooKeeper only the controller itself
   * will do.
   */
  async #controller(): Promise<BrokerConnection> {
    const { controllerId } = await this.#fetchMetadata([])
    return this.#controlTo(controllerId)
  }

  /** The other partitions of the topic may be without a leader. */
  async #toLeaderOf(topic: string, partition: number): Promise<BrokerConnection> {
    const { partitions } = await this.#describeTopic(topic)
    const found = partitions.find((entry) => entry.partition === partition)
    const facts = { api: 'Metadata', topic, partition }
    if (found === undefined) throw kafkaError(3, facts)
    if (found.leader === undefined) throw kafkaError(5, facts)
    return await this.#controlTo(found.leader)
  }

  async #controlTo(brokerId: number): Promise<BrokerConnection> {
    const connection = await this.#control.to(brokerId)
    if (connection === undefined) throw unknownBroker(brokerId)
    return connection
  }

  #retrying<T>(
    attempt: () => Promise<T>,
    mayRetry: (error: KanneryError) => boolean = isTransient,
  ): Promise<T> {
    const { clock, signal, connection } = this.#options
    const options: RetryOptions = {
      clock,
      patienceMs: attemptsWorth * connection.requestTimeoutMs,
      mayRetry,
      ...(signal === undefined ? {} : { signal }),
    }
    return retrying(options, attempt)
  }
}

/**
 * That Metadata does not know a topic is final; where it does, another broker may just not have
 * heard of it yet.
 */
/** Of one partition. What will not pass is no matter of its leader. */
function offsetsOrNone(
  answer: PromiseSettledResult<ReadonlyMap<number, number>>,
): readonly (readonly [partition: number, offset: number])[] {
  if (answer.status === 'fulfilled') return [...answer.value]
  const error: unknown = answer.reason
  if (KanneryError.is(error) && isTransient(error)) return []
  throw error
}

function isTransient(error: KanneryError): boolean {
  const { api } = error.facts
  return error.retry !== 'never' && !(error.code === 'KAFKA_TOPIC_UNKNOWN' && api === 'Metadata')
}

/** For requests that begin with the topic's name: no Metadata has vouched for it. */
function isTransientButNotUnknown(error: KanneryError): boolean {
  return error.retry !== 'never' && error.code !== 'KAFKA_TOPIC_UNKNOWN'
}

/** The cluster has just accepted the topic, so it will be known soon. */
function mayRetryNewTopic(error: KanneryError): boolean {
  return error.retry !== 'never'
}

function unknownBroker(brokerId: number): KanneryError {
  return new KanneryError('KAFKA_UNREACHABLE', `broker ${brokerId} is not in the cluster`, {
    retry: 'after-refresh',
    why: 'the metadata of the cluster does not list it at the moment; it may be restarting',
    facts: { broker: brokerId },
  })
}
