import { kafkaError } from '../src/cluster/errors.ts'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { ClusterMetadata, TopicMetadata } from '../src/cluster/metadata.ts'
import type { OffsetPosition } from '../src/cluster/offsets.ts'
import { errorNumbers } from '../src/protocol/error-numbers.ts'
import { ScriptedBroker } from './scripted-broker.ts'

/** A topic, and the broker that has it alone. */
export class ScriptedTopic {
  readonly broker: ScriptedBroker
  metadata: TopicMetadata
  /** Where the leader says that an epoch ends. */
  epochEnd: number | undefined = Number.POSITIVE_INFINITY
  earliest = 0
  /** Where the leader's own disk begins; what lies before it is in remote storage. */
  localStart = 0
  /** Effective configuration. */
  config: Readonly<Record<string, string>> = {}

  /** Topics of one name differ in their broker. */
  constructor(name: string, brokerId: number, partitions: number) {
    const topicIdBytes = Buffer.alloc(16, brokerId)
    const topicId = topicIdBytes.toString('base64url')
    const leader = { leader: brokerId, leaderEpoch: 0, replicas: [brokerId], isr: [brokerId] }
    this.broker = new ScriptedBroker({ name, topicId, topicIdBytes })
    this.metadata = {
      name,
      topicId,
      topicIdBytes,
      internal: false,
      partitions: Array.from({ length: partitions }, (_, partition) => ({ partition, ...leader })),
    }
  }

  /** Sets the leader that the metadata names from now on. */
  lead(leader: number | undefined, leaderEpoch: number): void {
    const partitions = this.metadata.partitions.map((known) => ({ ...known, leader, leaderEpoch }))
    this.metadata = { ...this.metadata, partitions }
  }
}

/**
 * A cluster of as many brokers as topics, as the capture of topics sees it. Nothing of it needs a
 * network.
 */
export class ScriptedCluster {
  readonly topics = new Map<string, ScriptedTopic>()
  /** Topics that this user may not see. */
  readonly denied = new Set<string>()
  clusterId = 'scripted'
  /** Thrown instead of metadata. */
  failure: Error | undefined
  /** Of the topics that are created. */
  partitions = 1
  /** Of the requests for metadata. */
  asked = 0
  /** True: no request but those to brokers is ever answered. */
  isHanging = false
  #brokers: ScriptedTopic[] = []

  /** Another topic may have had the name before. */
  create(name: string, ...batches: readonly Buffer[]): ScriptedTopic {
    const topic = new ScriptedTopic(name, this.#brokers.length + 1, this.partitions)
    this.#brokers.push(topic)
    this.topics.set(name, topic)
    topic.broker.fill(0, ...batches)
    return topic
  }

  get asKafkaCluster(): KafkaCluster {
    const clusterId = (): string => this.clusterId
    const cluster = {
      get clusterId(): string {
        return clusterId()
      },
      metadata: async (names?: readonly string[]) => {
        const metadata = this.#metadata(names)
        await this.#answering()
        return metadata
      },
      topic: async (name: string) => this.#find(name).metadata,
      listOffsetsWhereLed: async (name: string, at: OffsetPosition) => {
        const { broker, metadata, earliest, localStart } = this.#find(name)
        return new Map(
          metadata.partitions.map(({ partition }) => {
            const latest = broker.partitions.get(partition)?.highWatermark ?? 0
            return [partition, { earliest, latest, 'earliest-local': localStart }[at]]
          }),
        )
      },
      endOfEpoch: async ({ topic }: { topic: string }) => this.#find(topic).epochEnd,
      describeTopicConfig: async (name: string) => {
        await this.#answering()
        return { overrides: {}, effective: this.#find(name).config }
      },
      describeProducers: async () => [],
      openConnection: async (id: number) => {
        const broker = this.#brokers[id - 1]?.broker
        if (broker === undefined) throw new Error(`no broker ${id} is scripted`)
        return await broker.cluster.openConnection()
      },
    }
    return cluster as unknown as KafkaCluster
  }

  #find(name: string): ScriptedTopic {
    const found = this.topics.get(name)
    if (found === undefined) throw new Error(`no topic ${name} is scripted`)
    return found
  }

  async #answering(): Promise<void> {
    if (this.isHanging) await new Promise<never>(() => undefined)
  }

  #metadata(names?: readonly string[]): ClusterMetadata {
    this.asked += 1
    if (this.failure !== undefined) throw this.failure
    const brokers = this.#brokers.map((_, index) => {
      const broker = { id: index + 1, host: 'scripted', port: 9092, rack: undefined }
      return [broker.id, broker] as const
    })
    return {
      clusterId: this.clusterId,
      controllerId: 1,
      brokers: new Map(brokers),
      topics: (names ?? [...this.topics.keys()]).flatMap((name) => this.#describe(name, names)),
    }
  }

  /** A list of all topics says nothing of what is denied. */
  #describe(name: string, asked: readonly string[] | undefined): readonly TopicMetadata[] {
    const topic = this.topics.get(name)
    if (topic !== undefined && !this.denied.has(name)) return [topic.metadata]
    if (asked === undefined) return []
    const error = kafkaError(
      this.denied.has(name)
        ? errorNumbers.TOPIC_AUTHORIZATION_FAILED
        : errorNumbers.UNKNOWN_TOPIC_OR_PARTITION,
      { api: 'Metadata', topic: name },
    )
    const nothing = { topicId: '', topicIdBytes: new Uint8Array(16), partitions: [] }
    return [{ name, internal: false, ...nothing, error }]
  }
}
