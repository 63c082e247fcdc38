import type { Clock } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { ClusterMetadata } from '../../cluster/metadata.ts'
import { namedTopics, type TopicSelection } from './topic-matcher.ts'

/** How soon the metadata must be read again. */
export type Urgency =
  /** Never, until something changes. */
  | 'none'
  /** Now and then, to find new topics and partitions. */
  | 'following'
  /** Soon: another writer may release a topic. */
  | 'contending'
  /** At once: a partition has no known leader, or a topic is to continue as another incarnation. */
  | 'leaderless'

const intervalMs = { following: 30_000, contending: 10_000 } as const
/** Like retry.backoff.ms of Kafka's clients, and growing as theirs. */
const leastBackoffMs = 100
const greatestBackoffMs = 2000

/** Asks for the cluster's metadata, no more often than is useful. */
export class MetadataWatch {
  readonly #cluster: Pick<KafkaCluster, 'metadata'>
  readonly #clock: Clock
  readonly #names: readonly string[] | undefined
  #askedAt = 0
  #backoffMs = leastBackoffMs

  constructor(cluster: Pick<KafkaCluster, 'metadata'>, clock: Clock, selection: TopicSelection) {
    this.#cluster = cluster
    this.#clock = clock
    this.#names = namedTopics(selection)
  }

  /** Whether it is time to ask again. */
  due(urgency: Urgency): boolean {
    if (urgency !== 'leaderless') this.#backoffMs = leastBackoffMs
    if (urgency === 'none') return false
    const waitMs = urgency === 'leaderless' ? this.#backoffMs : intervalMs[urgency]
    return this.#clock.monotonic() - this.#askedAt >= waitMs
  }

  /** Asks for the metadata of the topics that are selected by name, or of all topics. */
  async ask(): Promise<ClusterMetadata> {
    try {
      return await this.#cluster.metadata(this.#names)
    } finally {
      this.#askedAt = this.#clock.monotonic()
      this.#backoffMs = Math.min(2 * this.#backoffMs, greatestBackoffMs)
    }
  }
}
