import type { RestorePlan, RestoreReport, RestoreWindow, RetentionChoice } from '@kannery/kafka'
import type { KanneryError } from '@kannery/storage'
import type { Environment } from '../environment.ts'
import { type KafkaConnectionFlags, resolveKafkaConnection } from '../kafka/connection-flags.ts'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'
import { markInUse } from './in-use.ts'

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

/**
 * Restores one topic. Read access to the storage suffices; with more, the backup is marked as in use meanwhile.
 *
 * @throws as kafka's restore, and as opening a storage does
 */
export async function runRestore(options: RestoreWorkOptions): Promise<RestoreReport> {
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
  return await restore({
    storage,
    cluster,
    topic,
    window,
    verify,
    skipDamaged,
    signal,
    clock: systemClock,
    ...(as === undefined ? {} : { as }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(retention === undefined ? {} : { retention }),
    observer: { onPlanned: options.onPlanned, onProgress: options.onProgress },
  })
}
