import type { ChunkCodec } from '@kannery/core/segment'
import type { UlidSource } from '@kannery/core/ulid'
import type { Worker } from '@kannery/core/writing'
import type { Clock, StorageBackend } from '@kannery/storage'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { CaptureObserver } from './observer.ts'
import type { SegmentLimits } from './segments/segment-pipeline.ts'
import type { TopicSelection } from './topics/topic-matcher.ts'

/** When a run of `capture` ends. */
export type CaptureMode =
  /**
   * Backs up to the high watermarks at the start. An open transaction may delay the end by
   * `openTransactionPatienceMs`.
   */
  | { readonly kind: 'once'; readonly openTransactionPatienceMs: number }
  /** Follows the topics until the run is aborted, including new topics and new partitions. */
  | { readonly kind: 'continuous' }

/** What to back up, where to, and how. */
export interface CaptureOptions {
  readonly cluster: KafkaCluster
  readonly storage: StorageBackend
  readonly worker: Worker
  /** Ids of the changes that retention makes to an index beside the worker's commits. */
  readonly ids: UlidSource
  readonly topics: TopicSelection
  readonly mode: CaptureMode
  /**
   * How long to wait, at the start, for topics that another writer holds, milliseconds. By default
   * such topics fail at once.
   */
  readonly leaseWaitMs?: number | undefined
  /** Size and age at which a segment is closed. */
  readonly segment: SegmentLimits
  /** Bound for the memory between the brokers and the storage, bytes. */
  readonly budgetBytes: number
  /** Compression of batches that the producers did not compress. */
  readonly codec: ChunkCodec
  readonly clock: Clock
  readonly observer: CaptureObserver
  /**
   * Ends the run. Before `capture` resolves, open segments are committed and the leases are
   * released.
   */
  readonly signal: AbortSignal
}
