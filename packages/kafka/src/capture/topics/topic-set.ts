import { KanneryError } from '@kannery/storage'
import type { ClusterMetadata, TopicMetadata } from '../../cluster/metadata.ts'
import { topicDeleted } from '../fetching/fetch-failures.ts'
import type { CaptureReport, FailedCapture } from '../observer.ts'
import { TopicCapture, type TopicCaptureContext } from './topic-capture.ts'
import { assertAllMatch, selectTopics, type TopicSelection } from './topic-matcher.ts'
import { TopicReports } from './topic-reports.ts'

export interface TopicSetOptions extends TopicCaptureContext {
  readonly selection: TopicSelection
  /** How long to contend, at the start, for topics that somebody else writes. */
  readonly leaseWaitMs?: number
}

/** A topic may be missing in the metadata of a broker that is behind. */
const missingPatienceMs = 10_000
/**
 * How long brokers may take to come back before a run to the end gives up what is to begin anew.
 */
const brokerPatienceMs = 120_000
/** A process that is stopped so often in so short a time has other troubles. */
const maxLost = 8
/** Topics that are taken up at a time: each asks the storage a few times. */
const openAtATime = 8

/** The topics of a run: which are taken up, which are done, and what went wrong with whom. */
export class TopicSet {
  readonly #options: TopicSetOptions
  readonly #open = new Map<string, TopicCapture>()
  /** By name; a topic is taken up again only when it has left. */
  readonly #closing = new Map<string, Promise<void>>()
  readonly #reports = new TopicReports()
  /** Topics that were taken up, or tried, and are not to be taken up again in this run. */
  readonly #settled = new Set<string>()
  /** Topics that somebody else writes at the moment, or whose storage failed, and why. */
  readonly #contended = new Map<string, KanneryError>()
  readonly #missingSince = new Map<string, number>()
  /**
   * Topics that go on as another incarnation. The number: of the incarnation whose history the log
   * does not have any more.
   */
  readonly #beginningAnew = new Map<string, number | undefined>()
  /** Since when no broker answers for the metadata, by the monotonic clock. */
  #unansweredSince: number | undefined
  readonly #failures: FailedCapture[] = []
  /** Until then, by the monotonic clock, topics that somebody else writes are waited for. */
  #waitUntilMs = 0
  #phase: 'beginning' | 'running' | 'ending' = 'beginning'

  constructor(options: TopicSetOptions) {
    this.#options = options
  }

  get open(): ReadonlyMap<string, TopicCapture> {
    return this.#open
  }

  /** What went wrong, first things first. */
  get failures(): readonly FailedCapture[] {
    return this.#failures
  }

  /** Some topic is to be tried again. */
  get contends(): boolean {
    return this.#contended.size > 0
  }

  /** Some topic is to be taken up at once, as another incarnation. */
  get beginsAnew(): boolean {
    return [...this.#beginningAnew.keys()].some((name) => !this.#contended.has(name))
  }

  get report(): CaptureReport {
    const reports = new TopicReports()
    for (const report of this.#reports.all) reports.add(report)
    for (const topic of this.#open.values()) reports.add(topic.report)
    return { topics: reports.all, failed: this.#failures }
  }

  /**
   * Takes up the topics that are meant for the first time.
   *
   * @throws KAFKA_TOPIC_UNKNOWN for a pattern that finds none; LEASE_HELD, … when nothing at all
   *   can be backed up.
   */
  async begin(metadata: ClusterMetadata): Promise<void> {
    const present = metadata.topics.filter(({ error }) => error?.code !== 'KAFKA_TOPIC_UNKNOWN')
    const selected = selectTopics(present, this.#options.selection)
    assertAllMatch(this.#options.selection, selected)
    this.#waitUntilMs = this.#options.clock.monotonic() + (this.#options.leaseWaitMs ?? 0)
    await this.#takeUp(present, selected)
    const [first] = this.#contended.values()
    if (this.#open.size === 0 && first !== undefined) {
      for (const [topic, error] of this.#contended) this.#failures.push({ topic, error })
      throw first
    }
    for (const error of this.#contended.values()) this.#options.observer.onWarning(error)
    this.#phase = 'running'
  }

  /** Takes up new topics and partitions, and finds out which topics are gone. */
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
    await this.#takeUp(present, names)
    for (const name of this.#beginningAnew.keys()) {
      if (isMissing(byName.get(name))) await this.#noteGone(name)
    }
  }

  /**
   * No broker answers for the metadata: what is to begin anew waits for it, in a run to the end not
   * for ever.
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
   * The log does not have the history that was backed up: what was taken of it is committed, and
   * the topic is taken up again, as another incarnation. `why` is a warning.
   */
  beginAnew(topic: TopicCapture, why: KanneryError): void {
    if (this.#open.get(topic.name) !== topic) return
    this.#options.observer.onWarning(why)
    this.#closeForAnother(topic, topic.incarnation)
  }

  /** Closes the topics that are done, and drops those that failed. */
  retire(): void {
    for (const topic of this.#open.values()) {
      if (topic.failure !== undefined) this.#abandon(topic, topic.failure.error)
      else if (topic.finished) this.#close(topic)
    }
  }

  /**
   * A partition cannot be read any more. The rest of its topic goes on to its end, or, when
   * following, is committed and left.
   */
  fail(topic: TopicCapture, error: unknown): void {
    this.#failures.push({ topic: topic.name, error })
    this.#settled.add(topic.name)
    if (!this.#options.once) this.#close(topic)
  }

  /**
   * Commits what is open, and releases all leases. Resolves when all that is done, whatever failed.
   */
  async close(): Promise<void> {
    this.#phase = 'ending'
    for (const topic of this.#open.values()) {
      if (topic.failure !== undefined) this.#abandon(topic, topic.failure.error)
      else this.#close(topic)
    }
    await Promise.all(this.#closing.values())
  }

  async #takeUp(present: readonly TopicMetadata[], names: readonly string[]): Promise<void> {
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
   * Waits for who holds the topic, if that is wanted. Who loses it again before anything was read
   * just takes it up again.
   */
  async #openOrWait(topic: TopicMetadata): Promise<TopicCapture> {
    const { clock, observer, signal } = this.#options
    let waitMs = 0
    for (let lost = 0; ; ) {
      try {
        const truncated = this.#beginningAnew.get(topic.name)
        return await TopicCapture.open(this.#options, topic, { waitMs, signal, truncated })
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
    // It is there, and passes.
    if (present.error !== undefined) return
    if (present.topicId !== topic.topicId) {
      // A broker that is late still describes the topic that was deleted.
      if (topic.succeeds(present.topicId)) return
      this.#closeForAnother(topic, undefined)
    } else if (!this.#options.once) {
      await topic.addPartitions(present).catch((error: unknown) => this.#abandon(topic, error))
    }
  }

  /** Why the topic is missing, when it has been for long enough; undefined: it may come back. */
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

  /** A topic that was to go on as another incarnation was deleted before it could be taken up. */
  async #noteGone(name: string): Promise<void> {
    const error = await this.#absence(name)
    if (error === undefined) return
    this.#beginningAnew.delete(name)
    if (this.#options.once) this.#failures.push({ topic: name, error })
    else this.#options.observer.onWarning(error)
  }

  /**
   * Asked by its name, a broker says of a topic that it may not show whether it is denied; in a
   * list it is just missing.
   */
  async #whyAbsent(name: string): Promise<KanneryError | undefined> {
    const { topics } = await this.#options.cluster.metadata([name])
    const found = topics.find((topic) => topic.name === name)
    if (!isMissing(found)) return undefined
    return found?.error?.code === 'KAFKA_DENIED' ? found.error : topicDeleted(name)
  }

  /**
   * `truncated`: the incarnation whose history is gone. What failed already is not taken up again
   * in this run.
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

  /** The topic stays in the reports, and out of the way. */
  #leave(topic: TopicCapture, work: () => Promise<void>): void {
    if (!this.#open.delete(topic.name)) return
    for (const cursor of topic.cursors) cursor.finish()
    if (this.#options.once && !this.#beginningAnew.has(topic.name)) this.#settled.add(topic.name)
    const leaving = work()
      .catch((error: unknown) => this.#dropOrContend(topic.name, error))
      .finally(() => {
        this.#reports.add(topic.report)
        this.#closing.delete(topic.name)
      })
    this.#closing.set(topic.name, leaving)
  }

  /** Whoever follows contends again for what may come back; all else is final. */
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

/** What the cluster does not know, or does not show to us. */
function isMissing(
  topic: TopicMetadata | undefined,
): topic is (TopicMetadata & { error: KanneryError }) | undefined {
  const { error } = topic ?? {}
  return (
    topic === undefined ||
    (error !== undefined && (error.retry === 'never' || error.code === 'KAFKA_TOPIC_UNKNOWN'))
  )
}
