import { KanneryError } from '@kannery/storage'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import { logShrank, transactionOpen } from './fetch-failures.ts'
import type { PartitionCursor } from './partition-cursor.ts'

/** How long it may take a broker to come back, or a partition to get a leader. */
const brokerPatienceMs = 120_000
/** When somebody who follows is told of what does not move. */
const warnAfterMs = 60_000

export type Verdict =
  | { readonly kind: 'failed'; readonly error: KanneryError }
  | { readonly kind: 'warning'; readonly error: KanneryError }

export interface StalledPartitionsOptions {
  readonly cluster: Pick<KafkaCluster, 'describeProducers'>
  /** How long a run to the end waits for open transactions; undefined for one that follows: that never gives up. */
  readonly openTransactionPatienceMs: number | undefined
}

/** Judges partitions that answers have brought nothing for. */
export class StalledPartitions {
  readonly #options: StalledPartitionsOptions
  readonly #warned = new WeakSet<PartitionCursor>()

  constructor(options: StalledPartitionsOptions) {
    this.#options = options
  }

  /** undefined: wait on. `now` is of the monotonic clock. */
  async judge(cursor: PartitionCursor, now: number): Promise<Verdict | undefined> {
    const since = cursor.stalledSince
    if (!cursor.readable) return undefined
    if (since === undefined) {
      this.#warned.delete(cursor)
      return undefined
    }
    return cursor.end === undefined
      ? await this.#judgeFollowing(cursor, now - since)
      : await this.#judgeEnding(cursor, cursor.end, now - since)
  }

  async #judgeEnding(
    cursor: PartitionCursor,
    end: number,
    waitedMs: number,
  ): Promise<Verdict | undefined> {
    const { error, highWatermark, heldByTransaction } = cursor
    const patienceMs = this.#options.openTransactionPatienceMs ?? 0
    if (error !== undefined) {
      return waitedMs < brokerPatienceMs ? undefined : { kind: 'failed', error }
    }
    if (heldByTransaction && waitedMs >= patienceMs) {
      const open = await this.#openTransaction(cursor, end)
      return open === undefined ? undefined : { kind: 'failed', error: open }
    }
    if (highWatermark >= 0 && highWatermark < end && waitedMs >= brokerPatienceMs) {
      return { kind: 'failed', error: logShrank(cursor, end, highWatermark) }
    }
    return undefined
  }

  async #judgeFollowing(cursor: PartitionCursor, waitedMs: number): Promise<Verdict | undefined> {
    if (waitedMs < warnAfterMs || this.#warned.has(cursor)) return undefined
    const { error, heldByTransaction, highWatermark } = cursor
    const warning = heldByTransaction ? await this.#openTransaction(cursor, highWatermark) : error
    if (warning === undefined) return undefined
    this.#warned.add(cursor)
    return { kind: 'warning', error: warning }
  }

  /** undefined when it ended meanwhile; then the wait begins anew. */
  async #openTransaction(cursor: PartitionCursor, end: number): Promise<KanneryError | undefined> {
    const { partition, topic } = cursor
    try {
      const producers = await this.#options.cluster.describeProducers(topic.name, partition)
      const open = producers.filter(({ transactionStart }) => transactionStart !== undefined)
      if (open.length > 0 && cursor.heldByTransaction) {
        return transactionOpen(cursor, end, open)
      }
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      return transactionOpen(cursor, end, [])
    }
    cursor.resetStall()
    return undefined
  }
}
