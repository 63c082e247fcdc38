import type {
  RecordTransform,
  RestorePlan,
  RestoreReport,
  RestoreWindow,
  RetentionChoice,
} from '@kannery/kafka'
import type { KanneryError } from '@kannery/storage'
import type { Environment } from '../environment.ts'
import { type KafkaConnectionFlags, resolveKafkaConnection } from '../kafka/connection-flags.ts'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'
import { markInUse } from './topics/in-use.ts'
import { asKanneryError, type FailedTopic, failedTopic, type Outcome } from './topics/outcome.ts'

export interface RestoreWorkOptions {
  readonly storage: StorageLocation
  readonly kafka: KafkaConnectionFlags
  readonly environment: Environment
  readonly topic: string
  /** The name in the target; the same as in the backup when undefined. */
  readonly as: string | undefined
  readonly window: RestoreWindow
  /** All when undefined. */
  readonly partitions?: readonly number[]
  /** The number of one life of the topic; the last one when undefined. */
  readonly incarnation?: number
  readonly replicationFactor: number | undefined
  /** Undefined: refuse when the topic's retention would delete restored records at once. */
  readonly retention: RetentionChoice | undefined
  /** Names of headers that the restored records do not get. Defaults to none. */
  readonly dropHeaders?: readonly string[] | undefined
  /** Name of a header that gets the record's offset in the backed-up topic. Defaults to none. */
  readonly originalOffsetHeader?: string | undefined
  readonly verify: boolean
  readonly skipDamaged: boolean
  readonly signal: AbortSignal
  readonly onWarning: (warning: KanneryError) => void
  /** Once, when all checks have passed and nothing is written yet. */
  readonly onPlanned: (plan: RestorePlan) => void
  readonly onProgress: (progress: {
    readonly records: number
    readonly bytes: number
    readonly total: number
  }) => void
}

/** What a restore did, and of which topic it could not do the rest. */
export interface RestoreOutcomeReport extends RestoreReport {
  /** The topic, where it was not restored to its end; `partitions` says what of it is there. */
  readonly failed: readonly FailedTopic[]
}

/**
 * Restores one topic. Read access to the storage suffices; with more, the backup is marked as in
 * use meanwhile.
 *
 * @throws what keeps it from writing anything: CONFIG_INVALID, STORAGE_*, INDEX_*, KAFKA_*
 */
export async function runRestore(
  options: RestoreWorkOptions,
): Promise<Outcome<RestoreOutcomeReport>> {
  const { topic, as, window, partitions, incarnation, replicationFactor } = options
  const { retention, verify, skipDamaged, signal } = options
  const { KafkaCluster, restore } = await import('@kannery/kafka')
  const connection = await resolveKafkaConnection(options.kafka, options.environment)
  await using storage = await openStorage(options.storage)
  await using cluster = await KafkaCluster.connect({
    connection,
    clock: systemClock,
    random: systemRandom,
    signal,
  })
  await using _use = await markInUse(topic, options.storage, options.onWarning)
  let restored: RestoreReport | undefined
  const onEnded = (report: RestoreReport): void => {
    restored = report
  }
  const observer = { onPlanned: options.onPlanned, onProgress: options.onProgress, onEnded }
  const restoring = restore({
    storage,
    cluster,
    topic,
    window,
    verify,
    skipDamaged,
    signal,
    clock: systemClock,
    as,
    partitions,
    incarnation,
    replicationFactor,
    retention,
    transforms: await transformsOf(options),
    observer,
  })
  try {
    return { report: { ...(await restoring), failed: [] }, error: undefined }
  } catch (thrown) {
    if (restored === undefined) throw thrown
    const error = asKanneryError(thrown)
    return { report: { ...restored, failed: [failedTopic(topic, error)] }, error }
  }
}

/** Dropped first, so that an added header stays whatever its name. */
async function transformsOf({
  dropHeaders: dropped = [],
  originalOffsetHeader,
}: RestoreWorkOptions): Promise<readonly RecordTransform[]> {
  const { addOriginalOffset, dropHeaders } = await import('@kannery/kafka')
  return [
    ...(dropped.length === 0 ? [] : [dropHeaders(dropped)]),
    ...(originalOffsetHeader === undefined ? [] : [addOriginalOffset(originalOffsetHeader)]),
  ]
}
