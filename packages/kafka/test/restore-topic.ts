import type {
  RestorePlan,
  RestoreProgress,
  RestoreReport,
  RestoreSettings,
  TopicToRestore,
} from '../src/restore/restore-options.ts'
import { RestoreRun } from '../src/restore/restore-run.ts'

export interface RestoreTopicOptions extends RestoreSettings, TopicToRestore {
  readonly observer: RestoreObserver
}

/** Follows the restore of one topic. */
export interface RestoreObserver {
  /** Called once, when all checks have passed and nothing is written yet. */
  onPlanned?(plan: RestorePlan): void
  /** Called after every batch that the brokers acknowledged. */
  onProgress(progress: RestoreProgress): void
  /** Called once something may have been written, also when the restore ends with an error. */
  onEnded?(report: RestoreReport): void
}

/** Restores one topic by a {@link RestoreRun}. @throws what kept it from being restored wholly */
export async function restoreTopic(options: RestoreTopicOptions): Promise<RestoreReport> {
  const { observer, topic, as, partitions, incarnation } = options
  const topics = [{ topic, as, partitions, incarnation }]
  const run = await RestoreRun.prepare({ ...options, topics })
  for (const plan of run.plans) observer.onPlanned?.(plan)
  const { topics: reports, failed } = await run.run((progress) => observer.onProgress(progress))
  const [report] = reports
  if (report !== undefined) observer.onEnded?.(report)
  if (report === undefined || failed[0] !== undefined) throw failed[0]?.error
  return report
}
