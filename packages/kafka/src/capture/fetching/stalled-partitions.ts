import { KanneryError } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import { logShrank, notServed, transactionOpen } from './fetch-failures.ts'
import type { Obstacle, ObstacleKind, PartitionCursor } from './partition-cursor.ts'
import { SilentLeaders } from './silent-leaders.ts'

/**
 * Time that a broker has to come back, a partition to get a leader, and a leader to serve what it
 * has.
 */
const brokerPatienceMs = 120_000
/** Time after which a run that follows warns of a partition without progress. */
const warnAfterMs = 60_000

/** What to do about a partition that makes no progress. */
export type Verdict =
  | { readonly kind: 'failed'; readonly error: KanneryError }
  | { readonly kind: 'warning'; readonly error: KanneryError }
  /**
   * Compaction removed everything from the cursor's next offset up to `to` (exclusive), where the
   * run ends.
   */
  | { readonly kind: 'compacted'; readonly to: number }

/** What judging partitions needs. */
interface StalledPartitionsOptions {
  readonly cluster: Pick<
    KafkaCluster,
    'describeProducers' | 'describeTopicConfig' | 'listOffsetsWhereLed'
  >
  /**
   * Time that a run of mode `once` waits for open transactions, milliseconds; undefined when the
   * run follows the topics and never gives up.
   */
  readonly openTransactionPatienceMs: number | undefined
}

/** Judges partitions that make no progress. */
export class StalledPartitions {
  readonly #options: StalledPartitionsOptions
  readonly #silentLeaders: SilentLeaders
  /** The obstacle that the latest warning was about. */
  readonly #warned = new WeakMap<PartitionCursor, ObstacleKind>()

  constructor(options: StalledPartitionsOptions) {
    this.#options = options
    this.#silentLeaders = new SilentLeaders(options.cluster)
  }

  /**
   * Returns what to do about the cursor's obstacle; undefined: continue to wait. `now` is a time of
   * the monotonic clock. The cursor may make progress in the meantime: the verdict is valid only
   * while its obstacle is the same.
   */
  async judge(cursor: PartitionCursor, now: number): Promise<Verdict | undefined> {
    const { obstacle, end } = cursor
    if (!cursor.readable) return undefined
    if (obstacle === undefined) {
      this.#warned.delete(cursor)
      return undefined
    }
    return end === undefined
      ? await this.#judgeFollowing(cursor, obstacle, now)
      : await this.#judgeEnding(cursor, obstacle, { end, now })
  }

  async #judgeEnding(
    cursor: PartitionCursor,
    obstacle: Obstacle,
    { end, now }: { readonly end: number; readonly now: number },
  ): Promise<Verdict | undefined> {
    const waitedMs = now - obstacle.since
    switch (obstacle.kind) {
      case 'error':
        return waitedMs < brokerPatienceMs ? undefined : failed(cursor.error)
      case 'log-shrank':
        if (waitedMs < brokerPatienceMs) return undefined
        return failed(logShrank(cursor, end, cursor.highWatermark))
      case 'transaction':
        return await this.#judgeTransaction(cursor, waitedMs, end)
      case 'silence': {
        const reason = await this.#silentLeaders.reasonFor(cursor, obstacle, now)
        if (reason === undefined) return undefined
        if (reason.kind === 'compacted') {
          if (cursor.lastStableOffset >= end) return { kind: 'compacted', to: end }
          return await this.#judgeTransaction(cursor, waitedMs, end)
        }
        return waitedMs < brokerPatienceMs ? undefined : failed(notServed(cursor, reason))
      }
    }
  }

  async #judgeTransaction(
    cursor: PartitionCursor,
    waitedMs: number,
    end: number,
  ): Promise<Verdict | undefined> {
    if (waitedMs < (this.#options.openTransactionPatienceMs ?? 0)) return undefined
    return failed(await this.#openTransaction(cursor, end))
  }

  async #judgeFollowing(
    cursor: PartitionCursor,
    obstacle: Obstacle,
    now: number,
  ): Promise<Verdict | undefined> {
    if (now - obstacle.since < warnAfterMs) return undefined
    if (this.#warned.get(cursor) === obstacle.kind) return undefined
    const warning = await this.#warningOf(cursor, obstacle, now)
    if (warning === undefined) return undefined
    this.#warned.set(cursor, obstacle.kind)
    return { kind: 'warning', error: warning }
  }

  async #warningOf(
    cursor: PartitionCursor,
    obstacle: Obstacle,
    now: number,
  ): Promise<KanneryError | undefined> {
    const { error, highWatermark, lastStableOffset } = cursor
    if (obstacle.kind === 'error') return error
    if (obstacle.kind === 'transaction') return await this.#openTransaction(cursor, highWatermark)
    const reason = await this.#silentLeaders.reasonFor(cursor, obstacle, now)
    if (reason === undefined) return undefined
    if (reason.kind !== 'compacted') return notServed(cursor, reason)
    // What compaction removed at the end of a log is no reason to worry: the next batch covers it.
    if (lastStableOffset >= highWatermark) return undefined
    return await this.#openTransaction(cursor, highWatermark)
  }

  /**
   * Names the open transaction; undefined when it ended in the meantime: then the wait starts
   * again.
   */
  async #openTransaction(cursor: PartitionCursor, end: number): Promise<KanneryError | undefined> {
    const { partition, topic } = cursor
    try {
      const producers = await this.#options.cluster.describeProducers(topic.name, partition)
      const open = producers.filter(({ transactionStart }) => transactionStart !== undefined)
      if (open.length > 0 && cursor.lastStableOffset < end) {
        return transactionOpen(cursor, end, open)
      }
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      return transactionOpen(cursor, end, [])
    }
    cursor.waitAnew()
    return undefined
  }
}

function failed(error: KanneryError | undefined): Verdict | undefined {
  return error === undefined ? undefined : { kind: 'failed', error }
}
