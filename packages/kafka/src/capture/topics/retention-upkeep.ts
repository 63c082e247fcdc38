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

export interface UpkeepOptions {
  readonly cluster: Pick<KafkaCluster, 'describeTopicConfig' | 'metadata'>
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly ids: UlidSource
  readonly onWarning: (warning: KanneryError) => void
  /** When it is aborted, Kafka is not waited for, and nothing is done. */
  readonly signal: AbortSignal
}

/** So far our clock may be behind that of the storage, which decides. */
const aheadMs = 86_400_000

/**
 * What the retention wants: marks what is older, and deletes what was marked a day before. Only the
 * topic's one writer deletes, so its backup does it. What fails of it is told, and tried again the
 * next time: the backup goes on.
 */
export async function keepUp(session: WriterSession, options: UpkeepOptions): Promise<void> {
  const { storage, clock, ids, cluster, signal } = options
  const { topic } = session
  try {
    if (!(await anythingDue(session, options))) return
    // A topic that is compacted by now may not be aged out: its oldest record of a key may be the
    // only one.
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
 * Notes in the index how the topic is configured now, if it was configured otherwise before.
 * Returns false when these may be the settings of another topic.
 *
 * @param askId which topic has the name now, after the settings were asked for
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
  // Settings are asked for by name: those of a topic that was created again may age out this one.
  if ((await askId()) !== known.topicId) return false
  await session.commit({ settings: { config, effective } })
  return true
}

/** undefined when the cluster does not know the topic. */
export async function topicIdOf(
  cluster: Pick<KafkaCluster, 'metadata'>,
  name: string,
): Promise<string | undefined> {
  const { topics } = await cluster.metadata([name])
  return topics.find((topic) => topic.name === name)?.topicId
}

/**
 * By our clock, and rather too often. While nothing can have expired, the storage is asked for
 * nothing; else for the index, which others may have edited since this session wrote it, and for
 * pages with something that expires.
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
