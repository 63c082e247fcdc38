import type { RecoverySource } from '@kannery/core'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'

/** The topic in Kafka, as far as core asks for it when it finds segments that no index names. */
export class KafkaRecoverySource implements RecoverySource {
  readonly topicId: string
  readonly #cluster: KafkaCluster
  readonly #topic: string

  constructor(cluster: KafkaCluster, topic: { readonly name: string; readonly topicId: string }) {
    this.#cluster = cluster
    this.#topic = topic.name
    this.topicId = topic.topicId
  }

  async canServe(range: Parameters<RecoverySource['canServe']>[0]): Promise<boolean> {
    const { partition, from, next } = range
    const [earliest, latest] = await Promise.all([
      this.#cluster.listOffsets(this.#topic, 'earliest', 'read-uncommitted'),
      this.#cluster.listOffsets(this.#topic, 'latest', 'read-uncommitted'),
    ])
    const start = earliest.get(partition)
    const end = latest.get(partition)
    return start !== undefined && end !== undefined && start <= from && next <= end
  }

  /** An unclean election would have cut the epoch off before `next`. */
  async agrees(range: Parameters<RecoverySource['agrees']>[0]): Promise<boolean> {
    const { partition, next, leaderEpoch } = range
    const end = await this.#cluster.endOfEpoch({ topic: this.#topic, partition, leaderEpoch })
    return end !== undefined && next <= end
  }
}
