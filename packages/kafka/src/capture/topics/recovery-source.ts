import type { RecoverySource } from '@kannery/core/recovery'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'

type LogSource = Pick<KafkaCluster, 'listOffsetsWhereLed' | 'endOfEpoch'>

/** Offsets by partition. */
type Offsets = ReadonlyMap<number, number>

/**
 * What core asks about a topic in Kafka when it finds segments that no index names. For one
 * recovery.
 */
export class KafkaRecoverySource implements RecoverySource {
  readonly topicId: string
  readonly #cluster: LogSource
  readonly #topic: string
  #bounds: Promise<readonly [earliest: Offsets, latest: Offsets]> | undefined

  constructor(cluster: LogSource, topic: { readonly name: string; readonly topicId: string }) {
    this.#cluster = cluster
    this.#topic = topic.name
    this.topicId = topic.topicId
  }

  async canServe(range: Parameters<RecoverySource['canServe']>[0]): Promise<boolean> {
    const { partition, from, next } = range
    const [earliest, latest] = await this.#knownBounds
    const start = earliest.get(partition)
    const end = latest.get(partition)
    return start !== undefined && end !== undefined && start <= from && next <= end
  }

  /**
   * Whether the log has the history that was uploaded: an unclean election would have ended the
   * epoch before `next`. Where a partition has no leader, what was uploaded of it may become the
   * only copy: nothing contradicts it, and the first fetch from the next leader finds out whether
   * its history differs.
   */
  async agrees(range: Parameters<RecoverySource['agrees']>[0]): Promise<boolean> {
    const { partition, next, leaderEpoch } = range
    const [, latest] = await this.#knownBounds
    if (!latest.has(partition)) return true
    const end = await this.#cluster.endOfEpoch({ topic: this.#topic, partition, leaderEpoch })
    return end !== undefined && next <= end
  }

  get #knownBounds(): Promise<readonly [Offsets, Offsets]> {
    this.#bounds ??= this.#listBounds()
    return this.#bounds
  }

  async #listBounds(): Promise<readonly [Offsets, Offsets]> {
    return await Promise.all([
      this.#cluster.listOffsetsWhereLed(this.#topic, 'earliest', 'read-uncommitted'),
      this.#cluster.listOffsetsWhereLed(this.#topic, 'latest', 'read-uncommitted'),
    ])
  }
}
