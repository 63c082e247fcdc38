import type { Damage } from '@kannery/core/segment'
import type { Clock, StorageBackend } from '@kannery/storage'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { MissingOffsets } from '../reading/missing-offsets.ts'
import type { Choice } from '../reading/selection.ts'
import type { RestoreWindow } from '../reading/window.ts'
import type { RecordTransform } from './records/record-stage.ts'
import type { LeftOutSetting } from './settings/accepted-settings.ts'
import type { RetentionChoice } from './settings/topic-settings.ts'
import type { Verification } from './verification/verify-target.ts'

/** What the topics of one restore have in common. */
export interface RestoreSettings {
  /** Storage with the backup. Only read from. */
  readonly storage: StorageBackend
  /** Cluster that the topics are restored into. */
  readonly cluster: KafkaCluster
  /** Which records are restored, by their timestamps. */
  readonly window: RestoreWindow
  /**
   * Replication factor of topics that are created. Defaults to the source's, as far as there are
   * brokers.
   */
  readonly replicationFactor?: number | undefined
  /**
   * What becomes of records that a topic's retention would delete at once. Defaults to refusing
   * such a restore.
   */
  readonly retention?: RetentionChoice | undefined
  /** Applied to every record, in this order. Defaults to none: records stay as they are. */
  readonly transforms?: readonly RecordTransform[] | undefined
  /** Reads the restored topics back and compares them with the backup, record by record. */
  readonly verify: boolean
  /**
   * Leaves out what is damaged and names it in the report. Otherwise damage ends the restore of its
   * topic.
   */
  readonly skipDamaged: boolean
  /**
   * How many bytes of the backup may be in memory, waiting for the brokers, over all topics.
   * Defaults to 64 MiB.
   */
  readonly budgetBytes?: number | undefined
  readonly clock: Clock
  /**
   * Stops the restore: what is under way is still acknowledged. A topic that is not finished then
   * fails with INTERRUPTED, which says what of it is in the target.
   */
  readonly signal?: AbortSignal | undefined
}

/** A topic of the backup, and what of it is restored. */
export interface TopicToRestore extends Omit<Choice, 'window'> {
  /** Name of the topic in the backup. */
  readonly topic: string
  /** Name of the topic in the target cluster. Defaults to `topic`. */
  readonly as?: string | undefined
}

/** Which incarnation of the topic is restored. */
export interface ChosenIncarnation {
  readonly incarnation: number
  /** Numbers of the other incarnations that the backup has. */
  readonly otherIncarnations: readonly number[]
}

/** What the restore of a topic is going to do, as far as the index alone knows. */
export interface RestorePlan extends ChosenIncarnation {
  /** Name of the topic in the backup. */
  readonly topic: string
  /** Name of the topic in the target cluster. */
  readonly as: string
  /** An upper bound: aborted records and those outside the window may be among them. */
  readonly records: number
  /** What was asked for and the backup does not give, by partition and offset. */
  readonly notRestored: readonly MissingOffsets[]
  /** Settings of the topic's configuration that the target cluster does not take. */
  readonly settingsLeftOut: readonly LeftOutSetting[]
}

/** How far a restore is. */
export interface RestoreProgress {
  /** Records that the brokers acknowledged. */
  readonly records: number
  /** Bytes of their batches, as the brokers have them. */
  readonly bytes: number
  /**
   * Records that it will be in the end, as far as the index knows: aborted ones and those outside
   * the window may be among them.
   */
  readonly total: number
}

/** What was written into one partition. */
export interface RestoredPartition {
  readonly partition: number
  readonly records: number
  readonly bytes: number
  /** Offset of the first restored record in the target. */
  readonly firstOffset: number
  /** Offset after the last restored record in the target. */
  readonly nextOffset: number
}

/** What the restore of one topic did. */
export interface RestoreReport extends ChosenIncarnation {
  /** Name of the topic in the backup. */
  readonly topic: string
  /** Name of the topic in the target cluster. */
  readonly as: string
  readonly partitions: readonly RestoredPartition[]
  /** What was asked for and the backup does not give, by partition and offset. */
  readonly notRestored: readonly MissingOffsets[]
  /** Settings of the topic's configuration that the target cluster does not take. */
  readonly settingsLeftOut: readonly LeftOutSetting[]
  /** Damage that was left out of the restore. */
  readonly skippedDamage: readonly Damage[]
  /** Present when it was asked for and succeeded. */
  readonly verification?: Verification
}
