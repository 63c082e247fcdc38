import { KanneryError } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { FetchTopic } from '../../protocol/fetch.ts'
import type { Obstacle, PartitionCursor } from './partition-cursor.ts'

/** Why a leader serves nothing although its last stable offset is further on. */
export type SilenceReason =
  /**
   * The topic is compacted, and the leader has the offset on its own disk: the records were
   * removed.
   */
  | { readonly kind: 'compacted' }
  /**
   * The leader has to fetch the offset from remote storage: its own disk begins at `localStart`
   * (KIP-405).
   */
  | { readonly kind: 'remote'; readonly localStart: number }
  /** The leader does not explain its silence. */
  | { readonly kind: 'unknown' }

/** What a topic's leaders say about their logs. */
interface TopicLogs {
  /** Whether compaction may remove records between others. */
  readonly compacted: boolean
  /**
   * First offset on the leader's disk, by partition; undefined when the brokers are too old for
   * remote storage.
   */
  readonly localStarts: ReadonlyMap<number, number> | undefined
}

/**
 * A broker may answer a single fetch with nothing while it has records: the remote read takes too
 * long or is over its quota, for example, and neither sets an error or a throttle time. A broker
 * waits for 500 ms by default (`remote.fetch.max.wait.ms`).
 */
const leastQuietAnswers = 5
const leastSilenceMs = 5000
/** How soon brokers are asked again that could not answer. */
const askAgainAfterMs = 60_000

/** Finds out why leaders are silent. */
export class SilentLeaders {
  readonly #cluster: Pick<KafkaCluster, 'describeTopicConfig' | 'listOffsetsWhereLed'>
  readonly #asked = new WeakMap<
    FetchTopic,
    { readonly at: number; readonly logs: Promise<TopicLogs | undefined> }
  >()

  constructor(cluster: Pick<KafkaCluster, 'describeTopicConfig' | 'listOffsetsWhereLed'>) {
    this.#cluster = cluster
  }

  /**
   * Returns why the leader is silent; undefined while it is too early to say. `now` is a time of
   * the monotonic clock.
   */
  async reasonFor(
    { topic, partition, next, quietAnswers }: PartitionCursor,
    { since }: Obstacle,
    now: number,
  ): Promise<SilenceReason | undefined> {
    const provenAt = since + leastSilenceMs
    if (now < provenAt || quietAnswers < leastQuietAnswers) return undefined
    // A log's local start only grows: what is local after the silence was local all the time.
    const logs = await this.#logsOf({ topic, partition }, { notBefore: provenAt, now })
    if (logs === undefined) return { kind: 'unknown' }
    const localStart = logs.localStarts?.get(partition)
    if (localStart !== undefined && next < localStart) return { kind: 'remote', localStart }
    const isLocal = logs.localStarts === undefined || localStart !== undefined
    return { kind: isLocal && logs.compacted ? 'compacted' : 'unknown' }
  }

  /**
   * Asks what the leaders say about their logs; undefined when they do not answer at the moment.
   */
  async #logsOf(
    { topic, partition }: Pick<PartitionCursor, 'topic' | 'partition'>,
    { notBefore, now }: { readonly notBefore: number; readonly now: number },
  ): Promise<TopicLogs | undefined> {
    const known = this.#asked.get(topic)
    if (known !== undefined && known.at >= notBefore) {
      const logs = await known.logs
      if (describes(logs, partition) || now - known.at < askAgainAfterMs) return logs
    }
    const logs = this.#ask(topic.name)
    this.#asked.set(topic, { at: now, logs })
    return await logs
  }

  async #ask(topic: string): Promise<TopicLogs | undefined> {
    try {
      const [{ effective }, localStarts] = await Promise.all([
        this.#cluster.describeTopicConfig(topic),
        this.#localStarts(topic),
      ])
      const compacted = effective['cleanup.policy']?.includes('compact') === true
      return { compacted, localStarts }
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      return undefined
    }
  }

  async #localStarts(topic: string): Promise<ReadonlyMap<number, number> | undefined> {
    try {
      return await this.#cluster.listOffsetsWhereLed(topic, 'earliest-local', 'read-uncommitted')
    } catch (error) {
      if (KanneryError.is(error, 'KAFKA_UNSUPPORTED')) return undefined
      throw error
    }
  }
}

function describes(logs: TopicLogs | undefined, partition: number): boolean {
  return logs !== undefined && (logs.localStarts?.has(partition) ?? true)
}
