import { KanneryError } from '@kannery/storage'
import { Semaphore } from '../concurrency/semaphore.ts'
import { Findings } from './preflight/findings.ts'
import type {
  RestorePlan,
  RestoreProgress,
  RestoreReport,
  RestoreSettings,
  TopicToRestore,
} from './restore-options.ts'
import { TopicRestore } from './topic-restore.ts'

export interface RestoreRunOptions extends RestoreSettings {
  readonly topics: readonly TopicToRestore[]
  /** How many topics are restored at the same time. Defaults to 4. */
  readonly concurrency?: number | undefined
}

/** The result of a restore. Both lists are in the order of the topics that were asked for. */
export interface RestoreRunReport {
  /**
   * Topics that were created or may have been written into, also those that failed after that. A
   * topic whose creation failed is not among them: only the message of its error says whether it
   * exists or may exist.
   */
  readonly topics: readonly RestoreReport[]
  /** Topics that were not restored, or not to their end. */
  readonly failed: readonly FailedRestore[]
}

/** A topic that was not restored, or not to its end. */
export interface FailedRestore {
  /** Name of the topic in the backup. */
  readonly topic: string
  /** Name of the topic in the target cluster. */
  readonly as: string
  readonly error: unknown
}

const defaultConcurrency = 4
const defaultBudgetBytes = 64 * 1024 * 1024
/** Greater than the number of restores at a time, because a check mostly waits for answers. */
const checksAtATime = 8

/**
 * The restore of topics of a backup into Kafka: key, value, headers, timestamp and order of every
 * record, in the partition that it came from. Each target must be absent (it is then created as it
 * was) or empty (it is then used as it is). Nothing is written before the checks of all targets
 * have passed; a topic's own configuration is set last, after the comparison.
 */
export class RestoreRun {
  readonly #options: RestoreRunOptions
  readonly #topics: readonly TopicRestore[]

  private constructor(options: RestoreRunOptions, topics: readonly TopicRestore[]) {
    this.#options = options
    this.#topics = topics
  }

  /**
   * Reads the indexes and checks all targets. Changes nothing.
   *
   * @throws the only finding, or all findings in one error with the code of the first:
   *   CONFIG_INVALID, INDEX_*, KAFKA_*, STORAGE_NOT_FOUND; at once what prevents further checks:
   *   KAFKA_UNREACHABLE, STORAGE_*.
   */
  static async prepare(options: RestoreRunOptions): Promise<RestoreRun> {
    const { topics, concurrency = defaultConcurrency } = options
    const { budgetBytes = defaultBudgetBytes } = options
    const share = budgetBytes / Math.max(Math.min(concurrency, topics.length), 1)
    const turns = new Semaphore(checksAtATime)
    const checks = await Promise.allSettled(
      topics.map(({ topic, as = topic, partitions, incarnation }) => {
        const own = { ...options, topic, as, partitions, incarnation, budgetBytes: share }
        return turns.run(() => check(own))
      }),
    )
    const findings = new Findings()
    findings.add(...sharedTargets(topics), ...collidingTargets(topics))
    const prepared: TopicRestore[] = []
    for (const outcome of checks) {
      if (outcome.status === 'rejected') throw outcome.reason
      findings.add(...outcome.value.findings.errors)
      if (outcome.value.prepared !== undefined) prepared.push(outcome.value.prepared)
    }
    findings.throwIfAny()
    return new RestoreRun(options, prepared)
  }

  /** The plan of each topic, in the order of the topics that were asked for. */
  get plans(): readonly RestorePlan[] {
    return this.#topics.map(({ plan }) => plan)
  }

  /**
   * Restores the topics, some at a time. One that fails does not stop the others; a signal stops
   * all of them. `onProgress` receives sums over all topics, after every batch that the brokers
   * acknowledged.
   */
  async run(onProgress: (progress: RestoreProgress) => void): Promise<RestoreRunReport> {
    const { concurrency = defaultConcurrency } = this.#options
    const turns = new Semaphore(concurrency)
    const sum = new ProgressSum(this.plans, onProgress)
    const outcomes = await Promise.all(
      this.#topics.map((topic, index) =>
        turns.run(() => this.#restore(topic, (progress) => sum.update(index, progress))),
      ),
    )
    return {
      topics: outcomes.flatMap(({ report }) => report ?? []),
      failed: outcomes.flatMap(({ failed }) => failed ?? []),
    }
  }

  async #restore(
    restore: TopicRestore,
    onProgress: (progress: RestoreProgress) => void,
  ): Promise<{ readonly report?: RestoreReport; readonly failed?: FailedRestore }> {
    const { topic, as } = restore.plan
    try {
      if (this.#options.signal?.aborted === true) throw interrupted(topic, this.#options.signal)
      const { report, error } = await restore.run(onProgress)
      return error === undefined ? { report } : { report, failed: { topic, as, error } }
    } catch (error) {
      return { failed: { topic, as, error } }
    }
  }
}

async function check(
  options: Parameters<typeof TopicRestore.prepare>[0],
): Promise<{ readonly prepared: TopicRestore | undefined; readonly findings: Findings }> {
  const findings = new Findings()
  const prepared = await findings.collect(() => TopicRestore.prepare(options, findings))
  return { prepared, findings }
}

function sharedTargets(topics: readonly TopicToRestore[]): KanneryError[] {
  const byTarget = Map.groupBy(topics, ({ topic, as = topic }) => as)
  return [...byTarget]
    .filter(([, sources]) => sources.length > 1)
    .map(([as, sources]) => {
      const names = sources.map(({ topic }) => `"${topic}"`).join(', ')
      return new KanneryError(
        'CONFIG_INVALID',
        `${sources.length} topics would be restored into topic "${as}"`,
        {
          why: `${names} would be mixed there`,
          remedy: 'Give each topic a name of its own in the target cluster.',
          facts: { topic: as, sources: sources.map(({ topic }) => topic).join(',') },
        },
      )
    })
}

/**
 * Kafka refuses to create a topic whose name differs from that of another only in "." and "_"
 * (`Topic.hasCollision`). Existing topics are found by asking whether a target could be created.
 */
function collidingTargets(topics: readonly TopicToRestore[]): KanneryError[] {
  const targets = new Set(topics.map(({ topic, as = topic }) => as))
  const byMetricsName = Map.groupBy(targets, (as) => as.replaceAll('.', '_'))
  return [...byMetricsName.values()].flatMap((names) => {
    const [topic] = names
    if (topic === undefined || names.length === 1) return []
    const quoted = names.map((name) => `"${name}"`).join(' and ')
    const message = `topics ${quoted} cannot be in one cluster`
    return new KanneryError('CONFIG_INVALID', message, {
      why: 'Kafka does not distinguish "." and "_" in the names of metrics',
      remedy: 'Give one of them another name in the target cluster.',
      facts: { topic, targets: names.join(',') },
    })
  })
}

function interrupted(topic: string, { reason }: AbortSignal): KanneryError {
  return new KanneryError('INTERRUPTED', `the restore of topic "${topic}" was not begun`, {
    why: 'the restore was interrupted before its turn',
    remedy: 'Nothing of it was written: restore it again.',
    facts: { topic, restored: 0 },
    cause: reason,
  })
}

/** Adds up the progress of several topics. */
class ProgressSum {
  readonly #onProgress: (progress: RestoreProgress) => void
  readonly #parts: RestoreProgress[]
  #sum: RestoreProgress

  constructor(plans: readonly RestorePlan[], onProgress: (progress: RestoreProgress) => void) {
    this.#onProgress = onProgress
    this.#parts = plans.map(({ records }) => ({ records: 0, bytes: 0, total: records }))
    const total = plans.reduce((sum, { records }) => sum + records, 0)
    this.#sum = { records: 0, bytes: 0, total }
  }

  update(index: number, progress: RestoreProgress): void {
    const before = this.#parts[index] ?? { records: 0, bytes: 0, total: 0 }
    this.#parts[index] = progress
    this.#sum = {
      records: this.#sum.records + progress.records - before.records,
      bytes: this.#sum.bytes + progress.bytes - before.bytes,
      total: this.#sum.total + progress.total - before.total,
    }
    this.#onProgress(this.#sum)
  }
}
