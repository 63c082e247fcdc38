import type { Damage } from '@kannery/core/segment'
import type { Clock, StorageBackend } from '@kannery/storage'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { MissingOffsets } from '../reading/missing-offsets.ts'
import type { Choice } from '../reading/selection.ts'
import type { RecordTransform } from './records/record-stage.ts'
import type { LeftOutSetting } from './settings/accepted-settings.ts'
import type { Verification } from './verification/verify-target.ts'

export interface RestoreOptions extends Choice {
  /** Only read. */
  readonly storage: StorageBackend
  readonly cluster: KafkaCluster
  /** In the backup. */
  readonly topic: string
  /** In the target; the same name unless told. */
  readonly as?: string | undefined
  /** Of a topic that is created; unless told the source's, as far as there are brokers. */
  readonly replicationFactor?: number | undefined
  /**
   * Without it, a restore is refused when the topic's retention would delete restored records at
   * once.
   */
  readonly retention?: RetentionChoice | undefined
  /** Applied to every record, in this order. Defaults to none: records stay as they are. */
  readonly transforms?: readonly RecordTransform[] | undefined
  /** Reads the target back and compares it with the backup, record by record. */
  readonly verify: boolean
  /**
   * Leaves out what is damaged, and names it in the report. Without it, damage ends the restore.
   */
  readonly skipDamaged: boolean
  /** How much of the backup may be in memory, waiting for the brokers; 64 MiB unless told. */
  readonly budgetBytes?: number | undefined
  readonly clock: Clock
  readonly observer: RestoreObserver
  /**
   * Stops the restore: what is under way is still acknowledged, then it throws INTERRUPTED saying
   * what is there.
   */
  readonly signal?: AbortSignal | undefined
}

/**
 * `source`: the topic gets the retention that it had, whatever that deletes. `keep`: a topic that
 * is created keeps everything.
 */
export type RetentionChoice = 'source' | 'keep'

export interface RestoreObserver {
  /** Once, when all checks have passed and nothing is written yet. */
  onPlanned?(plan: RestorePlan): void
  /** After every batch that the brokers acknowledged. */
  onProgress(progress: RestoreProgress): void
  /**
   * Once something may have been written: when nothing is under way any more, and also when the
   * restore ends with an error.
   */
  onEnded?(report: RestoreReport): void
}

/** Which life of the topic is restored. */
export interface ChosenIncarnation {
  readonly incarnation: number
  /** The numbers of those that the backup has beside it. */
  readonly otherIncarnations: readonly number[]
}

/** What a restore is going to do, as far as the index alone knows. */
export interface RestorePlan extends ChosenIncarnation {
  /** An upper bound: aborted records and those outside the window may be among them. */
  readonly records: number
  /** What was asked for and the backup does not give, by partition and offset. */
  readonly notRestored: readonly MissingOffsets[]
  /** What the target cluster does not take of the topic's configuration. */
  readonly settingsLeftOut: readonly LeftOutSetting[]
}

export interface RestoreProgress {
  readonly records: number
  /** Of batches as the brokers have them. */
  readonly bytes: number
  /**
   * Records that it will be in the end, as far as the index tells: aborted ones and those outside
   * the window may be among them.
   */
  readonly total: number
}

export interface RestoredPartition {
  readonly partition: number
  readonly records: number
  readonly bytes: number
  /** In the target. */
  readonly firstOffset: number
  readonly nextOffset: number
}

export interface RestoreReport extends ChosenIncarnation {
  readonly topic: string
  readonly as: string
  readonly partitions: readonly RestoredPartition[]
  /** What was asked for and the backup does not give, by partition and offset. */
  readonly notRestored: readonly MissingOffsets[]
  /** What the target cluster does not take of the topic's configuration. */
  readonly settingsLeftOut: readonly LeftOutSetting[]
  /** Left out of the restore. */
  readonly skippedDamage: readonly Damage[]
  /** Present when it was asked for. */
  readonly verification?: Verification
}
