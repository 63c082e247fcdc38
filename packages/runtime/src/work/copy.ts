import { copyTopic, type TopicCopy } from '@kannery/core/copy'
import { listTopics } from '@kannery/core/layout'
import { Worker } from '@kannery/core/writing'
import { type ErrorCode, KanneryError, type StorageBackend } from '@kannery/storage'
import { sleepUnlessAborted } from '@kannery/storage/client'
import { isSamePlace, locationOf } from '../storage/configured-backend.ts'
import { openStorage, openStorageToFill, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'
import { concernsOneTopic } from './topics/each-topic.ts'
import { type FailedTopic, failedTopic, type Outcome } from './topics/outcome.ts'
import { type LeaseOptions, leaseTiming, namedLease, nameWriter } from './topics/writer.ts'

/** What to copy, from where to where, and how often. */
export interface CopyOptions {
  readonly source: StorageLocation
  readonly target: StorageLocation
  /** Names or patterns of topics; all topics when empty. */
  readonly topics: readonly string[]
  readonly lease: LeaseOptions
  /**
   * Time between two rounds, milliseconds: the source is followed until `signal`; undefined to copy
   * once.
   */
  readonly watchEveryMs: number | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: CopyAdvance) => void
  readonly onWarning: (warning: KanneryError) => void
}

/** How far a copy is, over all topics. */
export interface CopyAdvance {
  readonly records: number
  readonly bytes: number
  /**
   * Number of records at the end of the copy; undefined before the last topic, and when the source
   * is followed.
   */
  readonly total: number | undefined
}

/**
 * What was copied of one topic. `error` is present when it could not be copied to its end; the
 * report's `failed` says more.
 */
export interface CopiedTopic extends Omit<TopicCopy, 'state'> {
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

/** What a copy did, topic by topic in the order of the source's listing. */
export interface CopyReport {
  readonly topics: readonly CopiedTopic[]
  /** Topics that could not be copied, as of the last time that they were tried. */
  readonly failed: readonly FailedTopic[]
}

/**
 * Copies backups into another storage, one topic after the other. Continues with the other topics
 * when one fails. With `watchEveryMs` it repeats this until `signal`, and retries what failed.
 *
 * @throws what keeps it from beginning: STORAGE_*, PLUGIN_*, CONFIG_INVALID
 */
export async function runCopy(options: CopyOptions): Promise<Outcome<CopyReport>> {
  const { source, target, lease, watchEveryMs, signal, onWarning } = options
  if (isSamePlace(source.storage, target.storage)) throw sameStorage()
  const { parseTopicMatcher } = await import('@kannery/kafka')
  const matchers = options.topics.map(parseTopicMatcher)
  const timing = leaseTiming(lease.ttlMs)
  await using from = await openStorage(source)
  await using to = await openStorageToFill(target, onWarning)
  await using worker = await Worker.start({
    storage: to,
    clock: systemClock,
    random: systemRandom,
    timing,
    description: nameWriter(target.plugins.app.version),
    onWarning,
    identity: lease.identity,
  })
  const isWanted = (topic: string): boolean =>
    matchers.length === 0 || matchers.some((matcher) => matcher.matches(topic))
  const run = new CopyRun({ from, to, worker, isWanted, options })
  await run.once()
  if (watchEveryMs !== undefined && !run.isStopped) {
    await follow(run, { everyMs: watchEveryMs, signal, onWarning })
  }
  const { report, error } = run.outcome
  if (error !== undefined && report.topics.length === 0) throw error
  return { report, error }
}

async function follow(
  run: CopyRun,
  given: Pick<CopyOptions, 'signal' | 'onWarning'> & { readonly everyMs: number },
): Promise<void> {
  const { everyMs, signal, onWarning } = given
  do {
    if (run.outcome.error !== undefined) onWarning(run.outcome.error)
    if (!(await sleepUnlessAborted(systemClock, everyMs, signal))) return
    await run.once()
  } while (!signal.aborted)
}

interface RunOptions {
  readonly from: StorageBackend
  readonly to: StorageBackend
  readonly worker: Worker
  readonly isWanted: (topic: string) => boolean
  readonly options: CopyOptions
}

/** Goes over the topics, once or again and again, and adds up what was done. */
class CopyRun {
  readonly #run: RunOptions
  readonly #topics = new Map<string, CopiedTopic>()
  readonly #failed = new Map<string, FailedTopic>()
  #error: KanneryError | undefined
  #isStopped = false
  #done = { records: 0, bytes: 0 }

  constructor(run: RunOptions) {
    this.#run = run
  }

  /** Whether the last round ended before all topics were tried. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  get outcome(): Outcome<CopyReport> {
    const topics = [...this.#topics.values()]
    return { report: { topics, failed: [...this.#failed.values()] }, error: this.#error }
  }

  /**
   * Copies every topic of the source, one after the other. Ends early when the signal is aborted or
   * a storage is away.
   */
  async once(): Promise<void> {
    this.#error = undefined
    this.#isStopped = false
    try {
      await this.#copyAll()
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      this.#error = error
      this.#isStopped = true
    }
  }

  async #copyAll(): Promise<void> {
    const { from, isWanted, options } = this.#run
    const topics: string[] = []
    for await (const topic of listTopics(from)) if (isWanted(topic)) topics.push(topic)
    const isFollowing = options.watchEveryMs !== undefined
    if (topics.length === 0 && !isFollowing) throw nothingToCopy(options.topics)
    for (const topic of topics) {
      if (options.signal.aborted) return
      await this.#copy(topic, { isLast: topic === topics.at(-1) && !isFollowing })
    }
  }

  async #copy(topic: string, { isLast }: { readonly isLast: boolean }): Promise<void> {
    const { from, to, worker, options } = this.#run
    const { signal, lease } = options
    const before = this.#topics.get(topic) ?? nothing(topic)
    const done = this.#done
    try {
      const copied = await copyTopic({
        source: from,
        target: to,
        topic,
        worker,
        waitMs: lease.waitMs,
        signal,
        onProgress: ({ records, bytes, total }) =>
          options.onProgress({
            records: done.records + records,
            bytes: done.bytes + bytes,
            total: isLast ? done.records + total : undefined,
          }),
      })
      this.#done = { records: done.records + copied.records, bytes: done.bytes + copied.bytes }
      this.#topics.set(topic, sum(before, copied))
      this.#failed.delete(topic)
    } catch (error) {
      if (signal.aborted && error === signal.reason) return
      if (!KanneryError.is(error)) throw error
      await this.#fail(before, namedLease(error, locationOf(to, options.target.storage)))
    }
  }

  /** Other topics may be copied all the same, unless one of the storages is away. */
  async #fail(before: CopiedTopic, error: KanneryError): Promise<void> {
    const { from, to } = this.#run
    const { code, message } = error
    this.#topics.set(before.topic, { ...before, error: { code, message } })
    this.#failed.set(before.topic, failedTopic(before.topic, error))
    const isOfTopic = (await concernsOneTopic(from, error)) && (await concernsOneTopic(to, error))
    if (!isOfTopic) throw error
    this.#error ??= error
  }
}

function nothing(topic: string): CopiedTopic {
  return { topic, segments: 0, reused: 0, records: 0, bytes: 0, deleted: 0 }
}

function sum(before: CopiedTopic, more: TopicCopy): CopiedTopic {
  return {
    topic: more.topic,
    segments: before.segments + more.segments,
    reused: before.reused + more.reused,
    records: before.records + more.records,
    bytes: before.bytes + more.bytes,
    deleted: before.deleted + more.deleted,
  }
}

function sameStorage(): KanneryError {
  return new KanneryError('CONFIG_INVALID', 'source and target are the same storage', {
    remedy: 'Name another storage, or another prefix of it, as the target.',
  })
}

function nothingToCopy(patterns: readonly string[]): KanneryError {
  return new KanneryError('STORAGE_NOT_FOUND', 'the source holds no backup to copy', {
    why: patterns.length === 0 ? undefined : `no topic matches ${patterns.join(', ')}`,
    remedy: 'Check the storage and the patterns.',
    advice: { id: 'list-backups' },
  })
}
