import type { RecordTransform, RestorePlan, RestoreReport } from '@kannery/kafka'
import type { KafkaCluster, Restore, Storage } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import { connectKafka, kafkaConnection } from '../kafka/connect.ts'
import { openStorage } from '../storage/open-storage.ts'
import { systemClock } from '../system.ts'
import type { JobContext, JobObserver } from './job-context.ts'
import { markInUse } from './topics/in-use.ts'
import { asKanneryError, type FailedTopic, failedTopic, type Outcome } from './topics/outcome.ts'

/** A Restore with the documents that it refers to. */
export interface RestoreJob {
  readonly restore: Restore
  readonly storage: Storage
  readonly kafkaCluster: KafkaCluster
}

/** What a restore reports while it runs. */
export interface RestoreJobObserver extends JobObserver {
  /** Called once, when all checks have passed and nothing is written yet. */
  onPlanned?(plan: RestorePlan): void
  onProgress?(progress: RestoreAdvance): void
}

/** How far a restore is, in records and bytes of the backup. */
export interface RestoreAdvance {
  readonly records: number
  readonly bytes: number
  /** Records that it will have restored at its end. */
  readonly total: number
}

/** What a restore did, and of which topic it could not do the rest. */
export interface RestoreOutcomeReport extends RestoreReport {
  /** The topic, where it was not restored to its end; `partitions` says what of it is there. */
  readonly failed: readonly FailedTopic[]
}

/**
 * Restores a topic. Read access to the storage suffices; with more, the backup is marked as in use
 * meanwhile.
 *
 * @throws what keeps it from writing anything: CONFIG_INVALID, STORAGE_*, INDEX_*, KAFKA_*
 */
export async function runRestore(
  { restore: document, storage: place, kafkaCluster }: RestoreJob,
  { plugins, environment, signal, observer }: JobContext<RestoreJobObserver>,
): Promise<Outcome<RestoreOutcomeReport>> {
  const { since, until, replicationFactor, retention, verify, skipDamaged } = document.spec
  const { source: topic, target, partitions, incarnation } = onlyTopic(document)
  const { restore } = await import('@kannery/kafka')
  const location = {
    storage: place,
    plugins,
    environment,
    onNote: (text: string) => observer.onNote?.(text),
  }
  const connection = await kafkaConnection(kafkaCluster, environment)
  await using storage = await openStorage(location)
  await using cluster = await connectKafka(connection, signal)
  await using _use = await markInUse(topic, location, (warning) => observer.onWarning?.(warning))
  let restored: RestoreReport | undefined
  const restoring = restore({
    storage,
    cluster,
    topic,
    verify,
    skipDamaged,
    signal,
    clock: systemClock,
    window: {
      ...(since === undefined ? {} : { sinceMs: since }),
      ...(until === undefined ? {} : { untilMs: until }),
    },
    as: target,
    partitions,
    incarnation,
    replicationFactor,
    retention,
    transforms: await transformsOf(document),
    observer: {
      onPlanned: (plan) => observer.onPlanned?.(plan),
      onProgress: (advance) => observer.onProgress?.(advance),
      onEnded: (report) => {
        restored = report
      },
    },
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
async function transformsOf({ spec }: Restore): Promise<readonly RecordTransform[]> {
  const { addOriginalOffset, dropHeaders } = await import('@kannery/kafka')
  const { dropHeaders: dropped = [], originalOffsetHeader } = spec
  return [
    ...(dropped.length === 0 ? [] : [dropHeaders(dropped)]),
    ...(originalOffsetHeader === undefined ? [] : [addOriginalOffset(originalOffsetHeader)]),
  ]
}

function onlyTopic({ metadata, spec }: Restore): Restore['spec']['topics'][number] {
  const [topic, ...others] = spec.topics
  if (topic !== undefined && others.length === 0) return topic
  const message = `Restore "${metadata.name}": spec.topics: names ${spec.topics.length} topics`
  throw new KanneryError('CONFIG_INVALID', message, {
    remedy: 'Write a Restore for each topic.',
    facts: { field: 'spec.topics' },
  })
}
