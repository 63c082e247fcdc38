import type { UlidSource, Worker } from '@kannery/core'
import type { Clock, StorageBackend } from '@kannery/storage'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import { CaptureRun } from './capture-run.ts'
import type { CaptureObserver, CaptureReport } from './observer.ts'
import type { SegmentLimits } from './segments/segment-pipeline.ts'
import type { TopicSelection } from './topics/topic-matcher.ts'

export type CaptureMode =
  /**
   * To the high watermarks at the start. Open transactions may hold it up for
   * `openTransactionPatienceMs`.
   */
  | { readonly kind: 'once'; readonly openTransactionPatienceMs: number }
  /** Follows the topics, and takes up new ones and new partitions. */
  | { readonly kind: 'continuous' }

export interface CaptureOptions {
  readonly cluster: KafkaCluster
  readonly storage: StorageBackend
  readonly worker: Worker
  /** For what is changed in an index beside the worker's commits. */
  readonly ids: UlidSource
  readonly topics: TopicSelection
  readonly mode: CaptureMode
  /**
   * How long to contend, at the start, for topics that somebody else writes; by default they are
   * refused at once.
   */
  readonly leaseWaitMs?: number
  /** When a segment is closed. */
  readonly segment: SegmentLimits
  /** For all that is between the brokers and the storage. */
  readonly budgetBytes: number
  /** For what the producers did not compress. */
  readonly codec: 'none' | 'zstd'
  readonly clock: Clock
  readonly observer: CaptureObserver
  /**
   * Ends the run: what is open is committed, and the leases are released, before `capture`
   * resolves.
   */
  readonly signal: AbortSignal
}

/**
 * Backs topics up, from where their backups end. Resolves when all is stored (once), or after
 * `signal`.
 *
 * One topic's trouble is not another's: a topic that fails is committed as far as it came, and the
 * others go on. The first such error is thrown at the end; others are warnings. A lease that is
 * lost while following is contended for again.
 *
 * Offsets that are gone from Kafka become gaps of the backup; a topic that was created again, and a
 * log that was truncated, go on as a new incarnation. Both are warnings, and in the report.
 *
 * What is older than a topic's retention is marked, and deleted a day later: when the topic is
 * taken up, every hour, and at the end of a run that does not follow.
 *
 * @throws KAFKA_TOPIC_UNKNOWN for a pattern that finds no topic; KAFKA_TRANSACTION_OPEN,
 *   KAFKA_OFFSETS_LOST when a log shrank behind what was read of it; KAFKA_*, LEASE_*, INDEX_*,
 *   DATA_*, STORAGE_*.
 */
export function capture(options: CaptureOptions): Promise<CaptureReport> {
  return CaptureRun.start(options)
}
