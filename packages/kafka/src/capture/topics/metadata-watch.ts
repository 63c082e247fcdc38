import type { Clock } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { ClusterMetadata } from '../../cluster/metadata.ts'
import { namedTopics, type TopicSelection } from './topic-matcher.ts'

export type Urgency =
  /** Never, until something changes. */
  | 'none'
  /** New topics and partitions are to be found some time. */
  | 'following'
  /** Somebody else may give a topic free. */
  | 'contending'
  /** A partition has no leader that we know, or a topic is to go on as another incarnation. */
  | 'leaderless'

const intervalMs = { following: 30_000, contending: 10_000 } as const
/** As retry.backoff.ms of Kafka's clients, and growing as theirs. */
const leastBackoffMs = 100
const greatestBackoffMs = 2000

/** Asks for the cluster's metadata, no oftener than it makes sense. */
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

  due(urgency: Urgency): boolean {
    if (urgency !== 'leaderless') this.#backoffMs = leastBackoffMs
    if (urgency === 'none') return false
    const waitMs = urgency === 'leaderless' ? this.#backoffMs : intervalMs[urgency]
    return this.#clock.monotonic() - this.#askedAt >= waitMs
  }

  async ask(): Promise<ClusterMetadata> {
    try {
      return await this.#cluster.metadata(this.#names)
    } finally {
      this.#askedAt = this.#clock.monotonic()
      this.#backoffMs = Math.min(2 * this.#backoffMs, greatestBackoffMs)
    }
  }
}
