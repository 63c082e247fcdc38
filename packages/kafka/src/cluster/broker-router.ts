import { type Clock, KanneryError, type Random } from '@kannery/storage'
import { formatHostPort, type KafkaConnectionOptions } from '../configuration/connection-options.ts'
import { errorNumbers } from '../protocol/error-numbers.ts'
import type { BrokerConnection } from '../transport/broker-connection.ts'
import { onlyOne } from './api-call.ts'
import { ControlConnections } from './control-connections.ts'
import { kafkaError } from './errors.ts'
import {
  type ClusterMetadata,
  readMetadata,
  requestMetadata,
  type TopicMetadata,
} from './metadata.ts'
import { isTransient, retrying } from './retry.ts'

/** How to connect to a cluster, and what its calls need. */
export interface KafkaClusterOptions {
  readonly connection: KafkaConnectionOptions
  readonly clock: Clock
  readonly random: Random
  /** Ends every wait for brokers that are not ready: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * How long calls are repeated, in request timeouts: when one broker does not answer at all, there
 * is time to ask another one. Kafka's clients do the same: default.api.timeout.ms is twice
 * request.timeout.ms.
 */
const requestTimeoutsOfPatience = 2

/**
 * Finds the broker that can answer a request, and repeats requests that fail for a passing reason.
 * Only the addresses of the brokers are cached.
 */
export class BrokerRouter implements AsyncDisposable {
  readonly #options: KafkaClusterOptions
  readonly #control: ControlConnections
  #clusterId = ''

  constructor(options: KafkaClusterOptions) {
    this.#options = options
    this.#control = new ControlConnections(options)
  }

  /** The cluster's id by the first metadata; empty before. */
  get clusterId(): string {
    return this.#clusterId
  }

  /** How long one request may take, milliseconds. */
  get requestTimeoutMs(): number {
    return this.#options.connection.requestTimeoutMs
  }

  /** Returns a control connection to any broker that answers. */
  toAny(): Promise<BrokerConnection> {
    return this.#control.toAny()
  }

  /**
   * Returns a control connection to one broker of the cluster.
   *
   * @throws KAFKA_UNREACHABLE when the latest metadata does not list the broker.
   */
  async to(brokerId: number): Promise<BrokerConnection> {
    const connection = await this.#control.to(brokerId)
    if (connection === undefined) throw unknownBroker(brokerId)
    return connection
  }

  /**
   * Returns a control connection to the controller. With KRaft any broker forwards requests to it;
   * with ZooKeeper only the controller itself accepts them.
   */
  async toController(): Promise<BrokerConnection> {
    const { controllerId } = await this.fetchMetadata([])
    return this.to(controllerId)
  }

  /**
   * Returns a control connection to the leader of one partition. The other partitions of the topic
   * may be without a leader.
   */
  async toLeaderOf(topic: string, partition: number): Promise<BrokerConnection> {
    const { partitions } = await this.describeTopic(topic)
    const found = partitions.find((entry) => entry.partition === partition)
    const facts = { api: 'Metadata', topic, partition }
    if (found === undefined) throw kafkaError(errorNumbers.UNKNOWN_TOPIC_OR_PARTITION, facts)
    if (found.leader === undefined) throw kafkaError(errorNumbers.LEADER_NOT_AVAILABLE, facts)
    return await this.to(found.leader)
  }

  /** Opens a new connection to one broker. The caller disposes of it. */
  async openConnection(brokerId: number): Promise<BrokerConnection> {
    if (!this.#control.brokers.has(brokerId)) {
      await this.retrying(() => this.fetchMetadata([]))
    }
    const broker = this.#control.brokers.get(brokerId)
    if (broker === undefined) throw unknownBroker(brokerId)
    return this.#control.openFresh(broker)
  }

  /** Asks once for the metadata of `topics`, or of all topics that this user may see. */
  async fetchMetadata(topics: readonly string[] | undefined): Promise<ClusterMetadata> {
    const metadata = readMetadata(await requestMetadata(await this.toAny(), topics))
    this.#assertSameCluster(metadata.clusterId)
    this.#control.update(metadata.brokers)
    this.#clusterId = metadata.clusterId
    return metadata
  }

  /**
   * Asks once for the metadata of one topic.
   *
   * @throws KAFKA_TOPIC_UNKNOWN, KAFKA_DENIED, … when the broker cannot describe the topic.
   */
  async describeTopic(name: string): Promise<TopicMetadata> {
    const { topics } = await this.fetchMetadata([name])
    const topic = onlyOne(topics, 'Metadata')
    if (topic.error !== undefined) throw topic.error
    return topic
  }

  /**
   * Runs `attempt` until it succeeds, fails for another reason than those that `mayRetry` accepts
   * (by default every passing one), or twice the request timeout is over.
   */
  retrying<T>(
    attempt: () => Promise<T>,
    mayRetry: (error: KanneryError) => boolean = isTransient,
  ): Promise<T> {
    const { clock, signal } = this.#options
    const patienceMs = requestTimeoutsOfPatience * this.requestTimeoutMs
    return retrying({ clock, patienceMs, mayRetry, signal }, attempt)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control[Symbol.asyncDispose]()
  }

  /**
   * A name or address may come to lead to another cluster, whose topics and offsets must not be
   * taken for those of this one.
   */
  #assertSameCluster(clusterId: string): void {
    const known = this.#clusterId
    if (known === '' || clusterId === '' || clusterId === known) return
    const servers = this.#options.connection.bootstrapServers.map(formatHostPort).join(', ')
    throw new KanneryError('KAFKA_UNREACHABLE', `another Kafka cluster answers at ${servers}`, {
      retry: 'never',
      why: `its id is ${clusterId}; it was ${known} before`,
      remedy:
        'Check the addresses and the hosts that they lead to. Nothing was read from the other cluster.',
      facts: { cluster: known, otherCluster: clusterId },
    })
  }
}

function unknownBroker(brokerId: number): KanneryError {
  return new KanneryError('KAFKA_UNREACHABLE', `broker ${brokerId} is not in the cluster`, {
    retry: 'after-refresh',
    why: 'the metadata of the cluster does not list it at the moment; it may be restarting',
    facts: { broker: brokerId },
  })
}
