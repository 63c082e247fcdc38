import { KanneryError } from '@kannery/storage'
import type { ClusterMetadata, TopicMetadata } from '../../cluster/metadata.ts'
import type { CaptureReport, FailedCapture } from '../observer.ts'
import { isDamage } from '../segments/damaged-chunk.ts'
import { TopicCapture, type TopicCaptureContext } from './topic-capture.ts'
import { readAgain, topicDeleted } from './topic-failures.ts'
import { assertAllMatch, selectTopics, type TopicSelection } from './topic-matcher.ts'
import { TopicReports } from './topic-reports.ts'

/** What the topics of a run need. */
interface TopicSetOptions extends TopicCaptureContext {
  readonly selection: TopicSelection
  /** How long to wait, at the start, for topics that another writer holds, milliseconds. */
  readonly leaseWaitMs?: number | undefined
}

/** Time for which a topic may be missing: a broker that lags behind may not list it yet. */
const missingPatienceMs = 10_000
/**
 * Time that brokers have to come back before a run of mode `once` gives up topics that are to begin
 * a new incarnation.
 */
const brokerPatienceMs = 120_000
/** Leases that may be lost in a row while a topic is opened. */
const maxLost = 8
/** Topics that are opened at a time: each sends a few requests to the storage. */
const openAtATime = 8

/** The topics of a run: which are open, which are done, and what failed. */
export class TopicSet {
  readonly #options: TopicSetOptions
  readonly #open = new Map<string, TopicCapture>()
  /** Topics that are being closed, by name. They can be opened again only after that. */
  readonly #closing = new Map<string, Promise<void>>()
  readonly #reports = new TopicReports()
  /** Topics that are not to be opened again in this run. */
  readonly #settled = new Set<string>()
  /** Topics that another writer holds at the moment, or whose storage failed, and why. */
  readonly #contended = new Map<string, KanneryError>()
  readonly #missingSince = new Map<string, number>()
  /**
   * Topics that are opened again at once, most as another incarnation. The value is the number of
   * the incarnation whose history the log has lost, if it has.
   */
  readonly #beginningAnew = new Map<string, number | undefined>()
  /** Topics that are read again because a batch was damaged: once, with each batch checked. */
  readonly #damaged = new Set<string>()
  /** Time since which no broker answers for the metadata, by the monotonic clock. */
  #unansweredSince: number | undefined
  readonly #failures: FailedCapture[] = []
  /** Time until which topics that another writer holds are waited for, by the monotonic clock. */
  #waitUntilMs = 0
  #phase: 'beginning' | 'running' | 'ending' = 'beginning'

  constructor(options: TopicSetOptions) {
    this.#options = options
  }

  /** Topics that are being backed up, by name. */
  get open(): ReadonlyMap<string, TopicCapture> {
    return this.#open
  }

  /** Failures in the order in which they happened. */
  get failures(): readonly FailedCapture[] {
    return this.#failures
  }

  /** True while some topic is being closed. It may have to be opened again. */
  get closes(): boolean {
    return this.#closing.size > 0
  }

  /** True while some topic is waited for. */
  get contends(): boolean {
    return this.#contended.size > 0
  }

  /** True while some topic is to be opened again at once. */
  get beginsAnew(): boolean {
    return [...this.#beginningAnew.keys()].some((name) => !this.#contended.has(name))
  }

  /** What was committed so far. */
  get report(): CaptureReport {
    const reports = new TopicReports()
    for (const report of this.#reports.all) reports.add(report)
    for (const topic of this.#open.values()) reports.add(topic.report)
    return { topics: reports.all, failed: this.#failures }
  }

  /**
   * Opens the selected topics for the first time.
   *
   * @throws KAFKA_TOPIC_UNKNOWN for a pattern that finds none; LEASE_HELD, … when no topic at all
   *   can be backed up.
   */
  async begin(metadata: ClusterMetadata): Promise<void> {
    const present = metadata.topics.filter(({ error }) => error?.code !== 'KAFKA_TOPIC_UNKNOWN')
    const selected = selectTopics(present, this.#options.selection)
    assertAllMatch(this.#options.selection, selected)
    this.#waitUntilMs = this.#options.clock.monotonic() + (this.#options.leaseWaitMs ?? 0)
    await this.#openTopics(present, selected)
    const [first] = this.#contended.values()
    if (this.#open.size === 0 && first !== undefined) {
      for (const [topic, error] of this.#contended) this.#failures.push({ topic, error })
      throw first
    }
    for (const error of this.#contended.values()) this.#options.observer.onWarning(error)
    this.#phase = 'running'
  }

  /** Opens new topics and partitions, and finds out which topics are gone. */
  async update(metadata: ClusterMetadata): Promise<void> {
    this.#unansweredSince = undefined
    const present = metadata.topics.filter(({ error }) => error === undefined)
    const byName = new Map(metadata.topics.map((topic) => [topic.name, topic]))
    for (const topic of this.#open.values()) {
      await this.#compare(topic, byName.get(topic.name))
    }
    const names = this.#options.once
      ? [...this.#beginningAnew.keys()]
      : selectTopics(present, this.#options.selection)
    await this.#openTopics(present, names)
    for (const name of this.#beginningAnew.keys()) {
      if (isMissing(byName.get(name))) await this.#noteGone(name)
    }
  }

  /**
   * Notes that no broker answers for the metadata. Topics that are to begin a new incarnation wait
   * for it; in a run of mode `once`, for two minutes.
   */
  noteUnanswered(error: KanneryError): void {
    const now = this.#options.clock.monotonic()
    this.#unansweredSince ??= now
    if (!this.#options.once || now - this.#unansweredSince < brokerPatienceMs) return
    for (const name of this.#beginningAnew.keys()) {
      if (!this.#closing.has(name)) this.#dropOrContend(name, error)
    }
  }

  /**
   * Continues a topic as another incarnation because its log has lost the history that was backed
   * up: what was taken of it is committed, and the topic is opened again. `why` is a warning.
   */
  beginAnew(topic: TopicCapture, why: KanneryError): void {
    if (this.#open.get(topic.name) !== topic) return
    this.#options.observer.onWarning(why)
    this.#closeForAnother(topic, topic.incarnation)
  }

  /** Closes the topics that are done or have failed. */
  retire(): void {
    for (const topic of this.#open.values()) {
      if (topic.failure !== undefined) this.#abandon(topic, topic.failure.error)
      else if (topic.finished) this.#close(topic)
    }
  }

  /**
   * Notes that a partition cannot be read any more. In a run of mode `once` the rest of its topic
   * continues to its end; in one that follows, the topic is committed and closed.
   */
  fail(topic: TopicCapture, error: unknown): void {
    this.#failures.push({ topic: topic.name, error })
    this.#settled.add(topic.name)
    if (!this.#options.once) this.#close(topic)
  }

  /** Commits what is open, and releases all leases. Resolves when that is done, whatever failed. */
  async close(): Promise<void> {
    this.#phase = 'ending'
    for (const topic of this.#open.values()) {
      if (topic.failure !== undefined) this.#abandon(topic, topic.failure.error)
      else this.#close(topic)
    }
    await Promise.all(this.#closing.values())
  }

  async #openTopics(present: readonly TopicMetadata[], names: readonly string[]): Promise<void> {
    const byName = new Map(present.map((topic) => [topic.name, topic]))
    const waiting = names.filter(
      (name) => !this.#open.has(name) && !this.#closing.has(name) && !this.#settled.has(name),
    )
    const takeNext = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const topic = byName.get(name)
        if (this.#options.signal.aborted) return
        if (topic !== undefined) await this.#openTopic(topic)
      }
    }
    await Promise.all(Array.from({ length: openAtATime }, takeNext))
  }

  async #openTopic(topic: TopicMetadata): Promise<void> {
    try {
      if (topic.error !== undefined) throw topic.error
      const opened = await this.#openOrWait(topic)
      this.#open.set(topic.name, opened)
      for (const error of opened.unreadable) this.fail(opened, error)
      this.#contended.delete(topic.name)
      this.#beginningAnew.delete(topic.name)
      this.#missingSince.delete(topic.name)
    } catch (error) {
      this.#dropOrContend(topic.name, error)
    }
  }

  /**
   * Waits for the holder of the topic, if that is wanted. A lease that is lost before anything was
   * read is acquired again.
   */
  async #openOrWait(topic: TopicMetadata): Promise<TopicCapture> {
    const { clock, observer, signal } = this.#options
    let waitMs = 0
    for (let lost = 0; ; ) {
      try {
        const truncated = this.#beginningAnew.get(topic.name)
        const checksEachBatch = this.#damaged.has(topic.name)
        const options = { waitMs, signal, truncated, checksEachBatch }
        return await TopicCapture.open(this.#options, topic, options)
      } catch (error) {
        if (KanneryError.is(error, 'LEASE_LOST') && lost < maxLost) {
          lost++
          continue
        }
        const leftMs = this.#waitUntilMs - clock.monotonic()
        if (!KanneryError.is(error, 'LEASE_HELD') || waitMs > 0 || leftMs <= 0) throw error
        observer.onWarning(error)
        waitMs = leftMs
      }
    }
  }

  async #compare(topic: TopicCapture, present: TopicMetadata | undefined): Promise<void> {
    if (isMissing(present)) {
      const why = await this.#absence(topic.name)
      if (why !== undefined) this.#leaveMissing(topic, why)
      return
    }
    this.#missingSince.delete(topic.name)
    // The topic exists, and the problem passes.
    if (present.error !== undefined) return
    if (present.topicId !== topic.topicId) {
      // A broker that lags behind still describes the topic that was deleted.
      if (topic.succeeds(present.topicId)) return
      this.#closeForAnother(topic, undefined)
    } else if (!this.#options.once) {
      await topic.addPartitions(present).catch((error: unknown) => this.#abandon(topic, error))
    }
  }

  /**
   * Returns why the topic is missing when it has been for long enough; undefined: it may come back.
   */
  async #absence(name: string): Promise<KanneryError | undefined> {
    const now = this.#options.clock.monotonic()
    const since = this.#missingSince.get(name) ?? now
    this.#missingSince.set(name, since)
    if (now - since < missingPatienceMs) return undefined
    this.#missingSince.delete(name)
    return await this.#whyAbsent(name)
  }

  #leaveMissing(topic: TopicCapture, why: KanneryError): void {
    if (this.#options.once) {
      this.fail(topic, why)
    } else {
      this.#options.observer.onWarning(why)
    }
    this.#close(topic)
  }

  /**
   * Notes that a topic that was to continue as another incarnation was deleted before it could be
   * opened.
   */
  async #noteGone(name: string): Promise<void> {
    const error = await this.#absence(name)
    if (error === undefined) return
    this.#beginningAnew.delete(name)
    if (this.#options.once) this.#failures.push({ topic: name, error })
    else this.#options.observer.onWarning(error)
  }

  /**
   * Asks for the topic by name: then a broker says that this user may not see it, where a list just
   * leaves it out.
   */
  async #whyAbsent(name: string): Promise<KanneryError | undefined> {
    const { topics } = await this.#options.cluster.metadata([name])
    const found = topics.find((topic) => topic.name === name)
    if (!isMissing(found)) return undefined
    return found?.error?.code === 'KAFKA_DENIED' ? found.error : topicDeleted(name)
  }

  /**
   * Closes a topic that continues as another incarnation, unless it has failed in this run.
   * `truncated`: the number of the incarnation whose history is gone.
   */
  #closeForAnother(topic: TopicCapture, truncated: number | undefined): void {
    if (!this.#settled.has(topic.name)) this.#beginningAnew.set(topic.name, truncated)
    this.#close(topic)
  }

  #close(topic: TopicCapture): void {
    this.#leave(topic, () => topic.close())
  }

  #abandon(topic: TopicCapture, error: unknown): void {
    this.#leave(topic, async () => {
      await topic.abandon(error)
      throw error
    })
  }

  /** Removes a topic from those that are open; its report stays. */
  #leave(topic: TopicCapture, work: () => Promise<void>): void {
    if (!this.#open.delete(topic.name)) return
    for (const cursor of topic.cursors) cursor.finish()
    if (this.#options.once && !this.#beginningAnew.has(topic.name)) this.#settled.add(topic.name)
    const leaving = work()
      .catch((error: unknown) => {
        if (!this.#readAgain(topic.name, error)) this.#dropOrContend(topic.name, error)
      })
      .finally(() => {
        this.#reports.add(topic.report)
        this.#closing.delete(topic.name)
        this.#options.wake()
      })
    this.#closing.set(topic.name, leaving)
  }

  /**
   * Has a topic opened again whose batches are damaged, unless it was already. Returns whether it
   * will be.
   */
  #readAgain(name: string, error: unknown): boolean {
    const hasFailed = this.#failures.some(({ topic }) => topic === name)
    if (this.#phase === 'ending' || hasFailed) return false
    if (!isDamage(error) || this.#damaged.has(name)) return false
    this.#options.observer.onWarning(readAgain(name, error))
    this.#damaged.add(name)
    this.#settled.delete(name)
    this.#beginningAnew.set(name, undefined)
    return true
  }

  /**
   * Notes that a topic could not be opened or continued. A run that follows tries again what may
   * come back; every other failure is final.
   */
  #dropOrContend(name: string, error: unknown): void {
    const final = this.#options.once || this.#phase === 'ending'
    if (final || !KanneryError.is(error) || error.retry === 'never') {
      this.#settled.add(name)
      this.#contended.delete(name)
      this.#beginningAnew.delete(name)
      this.#failures.push({ topic: name, error })
      return
    }
    const known = this.#contended.has(name)
    this.#contended.set(name, error)
    if (this.#phase === 'running' && !known) this.#options.observer.onWarning(error)
  }
}

/** Whether the cluster does not know the topic, or does not show it to this user. */
function isMissing(
  topic: TopicMetadata | undefined,
): topic is (TopicMetadata & { error: KanneryError }) | undefined {
  const { error } = topic ?? {}
  return (
    topic === undefined ||
    (error !== undefined && (error.retry === 'never' || error.code === 'KAFKA_TOPIC_UNKNOWN'))
  )
}
