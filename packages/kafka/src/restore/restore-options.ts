import type { Damage } from '@kannery/core/segment'
import type { Clock, StorageBackend } from '@kannery/storage'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { MissingOffsets } from '../reading/missing-offsets.ts'
import type { Choice } from '../reading/selection.ts'
import type { RestoreWindow } from '../reading/window.ts'
import type { RecordChanges, RecordTransform } from './records/record-stage.ts'
import type { LeftOutSetting } from './settings/accepted-settings.ts'
import type { RetentionChoice } from './settings/topic-settings.ts'
import type { Verification } from './verification/verify-target.ts'

/** The settings that are the same for all topics of a restore. */
export interface RestoreSettings {
  /** Storage with the backup. It is only read. */
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
   * What to do if a topic's retention would delete restored records at once. By default such a
   * restore is refused.
   */
  readonly retention?: RetentionChoice | undefined
  /** Transforms of every record, applied in this order. Defaults to none. */
  readonly transforms?: readonly RecordTransform[] | undefined
  /** Whether to read the restored topics back and compare every record with the backup. */
  readonly verify: boolean
  /**
   * Whether to leave out what is damaged and name it in the report. Otherwise damage ends the
   * restore of its topic.
   */
  readonly skipDamaged: boolean
  /**
   * How many bytes of the backup may wait in memory for the brokers, over all topics. Defaults to
   * 64 MiB.
   */
  readonly budgetBytes?: number | undefined
  readonly clock: Clock
  /**
   * Stops the restore after what was sent is acknowledged. A topic that is not finished then fails
   * with INTERRUPTED, which says how many of its records are in the target.
   */
  readonly signal?: AbortSignal | undefined
}

/** A topic to restore, and which of its records. */
export interface TopicToRestore extends Omit<Choice, 'window'> {
  /** Name of the topic in the backup. */
  readonly topic: string
  /** Name of the topic in the target cluster. Defaults to `topic`. */
  readonly as?: string | undefined
}

/** The incarnation of a topic that is restored. */
export interface ChosenIncarnation {
  /** Number of the incarnation in the backup. */
  readonly incarnation: number
  /** Numbers of the other incarnations that the backup has. */
  readonly otherIncarnations: readonly number[]
}

/** What the restore of a topic will do, as far as the index shows. */
export interface RestorePlan extends ChosenIncarnation {
  /** Name of the topic in the backup. */
  readonly topic: string
  /** Name of the topic in the target cluster. */
  readonly as: string
  /**
   * Number of records to restore at most: aborted ones and those outside the window may be among
   * them.
   */
  readonly records: number
  /** Offsets that were asked for and that the backup does not have, by partition and offset. */
  readonly notRestored: readonly MissingOffsets[]
  /** Settings of the topic's configuration that the target cluster does not take. */
  readonly settingsLeftOut: readonly LeftOutSetting[]
}

/** Progress of a restore. */
export interface RestoreProgress {
  /** Number of records that the brokers acknowledged. */
  readonly records: number
  /** Size of their batches, as the brokers have them, bytes. */
  readonly bytes: number
  /**
   * Number of records at the end of the restore, as far as the index shows: aborted ones and those
   * outside the window may be among them.
   */
  readonly total: number
}

/** What was written into one partition. */
export interface RestoredPartition {
  readonly partition: number
  readonly records: number
  /** Size of the written batches, bytes. */
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
  /** Whether the restore created the topic. Otherwise it existed, and was empty. */
  readonly created: boolean
  /** Empty if the topic was created and then found unusable. */
  readonly partitions: readonly RestoredPartition[]
  /** Offsets that were asked for and that the backup does not have, by partition and offset. */
  readonly notRestored: readonly MissingOffsets[]
  /** Settings of the topic's configuration that the target cluster does not take. */
  readonly settingsLeftOut: readonly LeftOutSetting[]
  /** Damage that was left out of the restore. */
  readonly skippedDamage: readonly Damage[]
  /**
   * What transforms changed in the records that were read to be written. Present if there are
   * transforms.
   */
  readonly changes?: RecordChanges
  /** Result of the comparison; present if it was asked for and succeeded. */
  readonly verification?: Verification
}
