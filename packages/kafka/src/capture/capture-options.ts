import type { UlidSource } from '@kannery/core/ulid'
import type { Worker } from '@kannery/core/writing'
import type { Clock, StorageBackend } from '@kannery/storage'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { CaptureObserver } from './observer.ts'
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
