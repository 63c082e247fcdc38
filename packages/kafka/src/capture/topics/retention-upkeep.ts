import { deletePruned } from '@kannery/core/clean-up'
import { currentIncarnation, readIndex, summarizeHoldings } from '@kannery/core/index-file'
import {
  defaultRetentionTiming,
  dueForDeletion,
  dueForMark,
  markExpired,
} from '@kannery/core/retention'
import type { UlidSource } from '@kannery/core/ulid'
import type { WriterSession } from '@kannery/core/writing'
import { type Clock, KanneryError, type StorageBackend } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicConfig } from '../../cluster/topic-config.ts'
import { untilAborted } from '../../concurrency/until-aborted.ts'

/** What applying the retention of a topic needs. */
export interface UpkeepOptions {
  readonly cluster: Pick<KafkaCluster, 'describeTopicConfig' | 'metadata'>
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly ids: UlidSource
  readonly onWarning: (warning: KanneryError) => void
  /** Aborts waiting for Kafka; nothing is deleted then. */
  readonly signal: AbortSignal
}

/** How far our clock may be behind that of the storage, which decides. Milliseconds. */
const aheadMs = 86_400_000

/**
 * Applies the retention of a topic: marks segments that are older, and deletes those marked a day
 * before. Only the topic's one writer deletes, so the backup does it. Failures are reported as
 * warnings and retried next time; the backup continues.
 */
export async function applyRetention(
  session: WriterSession,
  options: UpkeepOptions,
): Promise<void> {
  const { storage, clock, ids, cluster, signal } = options
  const { topic } = session
  try {
    if (!(await anythingDue(session, options))) return
    // The topic may be compacted by now: then its oldest record of a key may be the only one, and
    // nothing expires.
    const settings = await untilAborted(cluster.describeTopicConfig(topic), signal)
    if (settings === undefined) return
    const askId = (): Promise<string | undefined> => untilAborted(topicIdOf(cluster, topic), signal)
    if (!(await recordSettings(session, settings, askId))) return
    await markExpired(topic, { storage, clock, ids })
    const { failure } = await deletePruned(session, { storage, clock, ids })
    if (failure !== undefined) options.onWarning(failure)
  } catch (error) {
    if (!KanneryError.is(error)) throw error
    options.onWarning(error)
  }
}

/**
 * Enters the topic's present configuration into the index if it has changed. Returns false when it
 * may be the configuration of another topic.
 *
 * @param askId asks which topic has the name now, after the configuration was read
 */
export async function recordSettings(
  session: WriterSession,
  { overrides: config, effective }: TopicConfig,
  askId: () => Promise<string | undefined>,
): Promise<boolean> {
  const known = currentIncarnation(session.index)
  if (known === undefined || (same(known.config, config) && same(known.effective, effective))) {
    return true
  }
  // The configuration is read by name: that of a topic that was created again may let segments of
  // this one expire.
  if ((await askId()) !== known.topicId) return false
  await session.commit({ settings: { config, effective } })
  return true
}

/** Asks for the id of the topic with this name; undefined when the cluster does not know it. */
export async function topicIdOf(
  cluster: Pick<KafkaCluster, 'metadata'>,
  name: string,
): Promise<string | undefined> {
  const { topics } = await cluster.metadata([name])
  return topics.find((topic) => topic.name === name)?.topicId
}

/**
 * Whether something may have expired, by our clock and with a margin. While nothing can have
 * expired, it reads nothing from the storage; else the index, which others may have edited since
 * this session wrote it, and pages with something that expires.
 */
async function anythingDue(
  { topic, index }: WriterSession,
  { storage, clock }: UpkeepOptions,
): Promise<boolean> {
  const nowMs = clock.now() + aheadMs
  const [first] = summarizeHoldings(index)?.expires ?? []
  const mayBeDue = first !== undefined && Date.parse(first) <= nowMs
  if (!mayBeDue && index.garbage.length === 0) return false
  const stored = await readIndex(storage, topic)
  if (stored === undefined) return true
  const due = { storage, index: stored.index, nowMs }
  if ((await dueForMark(due)).length > 0) return true
  const { graceMs } = defaultRetentionTiming
  const { segments, garbage } = await dueForDeletion({ ...due, graceMs })
  return segments.length + garbage.length > 0
}

type Settings = Readonly<Record<string, string>>

function same(one: Settings, other: Settings): boolean {
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
  )
}
