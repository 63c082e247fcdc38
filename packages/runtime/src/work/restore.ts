import type {
  RecordTransform,
  RestorePlan,
  RestoreReport,
  RestoreRunOptions,
  RestoreRunReport,
} from '@kannery/kafka'
import type { KafkaCluster, Restore, Storage } from '@kannery/resources'
import type { KanneryError } from '@kannery/storage'
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
  /** Called once, when the checks of all topics have passed and nothing is written yet. */
  onPlanned?(plans: readonly RestorePlan[]): void
  onProgress?(progress: RestoreAdvance): void
}

/** How far a restore is, in records and bytes of the backup. */
export interface RestoreAdvance {
  readonly records: number
  readonly bytes: number
  /** Records that it will have restored at its end. */
  readonly total: number
}

/** What a restore did, each in the order of the topics. */
export interface RestoreJobReport {
  /** Topics that were created or may have been written into. */
  readonly topics: readonly RestoreReport[]
  /** Topics that were not restored, or not to their end. */
  readonly failed: readonly FailedTopic[]
}

/**
 * Restores topics. Nothing is written before the checks of all targets have passed; then one topic
 * that fails does not keep the others. Read access to the storage suffices; with more, the backups
 * are marked as in use meanwhile.
 *
 * @throws what keeps it from writing anything: CONFIG_INVALID, STORAGE_*, INDEX_*, KAFKA_*; of
 *   several topics, only what the checks of all find.
 */
export async function runRestore(
  { restore: document, storage: place, kafkaCluster }: RestoreJob,
  { plugins, environment, signal, observer }: JobContext<RestoreJobObserver>,
): Promise<Outcome<RestoreJobReport>> {
  const { chooseTopics, RestoreRun } = await import('@kannery/kafka')
  const onNote = (text: string): void => observer.onNote?.(text)
  const onWarning = (warning: KanneryError): void => observer.onWarning?.(warning)
  const location = { storage: place, plugins, environment, onNote }
  const connection = await kafkaConnection(kafkaCluster, environment)
  await using storage = await openStorage(location)
  await using cluster = await connectKafka(connection, signal)
  const topics = await chooseTopics(storage, document.spec)
  const names = topics.map(({ topic }) => topic)
  await using _use = await markInUse(names, location, onWarning)
  const run = await RestoreRun.prepare({
    ...(await settingsOf(document)),
    storage,
    cluster,
    topics,
    signal,
    clock: systemClock,
  })
  observer.onPlanned?.(run.plans)
  const restored = await run.run((advance) => observer.onProgress?.(advance))
  return outcomeOf(restored, topics.length)
}

/**
 * Returns what was restored, and the first error of the topics that failed.
 *
 * @throws the error of the only topic that was asked for, if there is nothing to report of it
 */
export function outcomeOf(restored: RestoreRunReport, asked: number): Outcome<RestoreJobReport> {
  const [first] = restored.failed
  if (first !== undefined && asked === 1 && restored.topics.length === 0) throw first.error
  const failed = restored.failed.map(({ topic, error }) =>
    failedTopic(topic, asKanneryError(error)),
  )
  return {
    report: { topics: restored.topics, failed },
    error: first === undefined ? undefined : asKanneryError(first.error),
  }
}

type Settings = Omit<RestoreRunOptions, 'storage' | 'cluster' | 'topics' | 'signal' | 'clock'>

async function settingsOf(document: Restore): Promise<Settings> {
  const { since, until, replicationFactor, retention, verify, skipDamaged, parallelism } =
    document.spec
  return {
    window: { sinceMs: since, untilMs: until },
    replicationFactor,
    retention,
    verify,
    skipDamaged,
    concurrency: parallelism,
    transforms: await transformsOf(document),
  }
}

/** Returns the transforms of a Restore, in the order in which they are applied. */
export async function transformsOf({ spec }: Restore): Promise<readonly RecordTransform[]> {
  const { addOriginalOffset, dropHeaders } = await import('@kannery/kafka')
  const { dropHeaders: dropped = [], originalOffsetHeader } = spec
  return [
    ...(dropped.length === 0 ? [] : [dropHeaders(dropped)]),
    ...(originalOffsetHeader === undefined ? [] : [addOriginalOffset(originalOffsetHeader)]),
  ]
}
