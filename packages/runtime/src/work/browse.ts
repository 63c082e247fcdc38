import { chooseIncarnation, nextOffsets, requireIndex } from '@kannery/core/index-file'
import { listTopics } from '@kannery/core/layout'
import { type ErrorCode, KanneryError, type StorageBackend } from '@kannery/storage'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'
import type { Outcome } from './topics/outcome.ts'
import { describeTopic, summarize, type TopicDetails, type TopicSummary } from './topics/summary.ts'

/**
 * A topic whose index cannot be read: listed beside the others, so that one damaged index does not
 * hide them.
 */
export interface UnreadableTopic {
  readonly topic: string
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

/** An index may be large, and there may be thousands of them. */
const readAtATime = 16

/** The backups of a storage. */
export interface ListedBackups {
  readonly topics: readonly (TopicSummary | UnreadableTopic)[]
}

/**
 * Lists the backups of a storage, in the order of its listing. Lists one level and reads the index
 * of every topic, some at a time, and nothing else.
 */
export async function listBackups(location: StorageLocation): Promise<Outcome<ListedBackups>> {
  await using storage = await openStorage(location)
  const topics: (TopicSummary | UnreadableTopic)[] = []
  const reading: ReturnType<typeof summaryOf>[] = []
  let error: KanneryError | undefined
  for await (const topic of listTopics(storage)) {
    const summary = summaryOf(storage, topic, (unreadable) => {
      error ??= unreadable
    })
    // A rejection is looked at when its turn comes.
    summary.catch(() => undefined)
    reading.push(summary)
    if (reading.length === readAtATime) topics.push(...(await Promise.all(reading.splice(0))))
  }
  topics.push(...(await Promise.all(reading)))
  return { report: { topics }, error }
}

async function summaryOf(
  storage: StorageBackend,
  topic: string,
  onUnreadable: (error: KanneryError) => void,
): Promise<TopicSummary | UnreadableTopic> {
  try {
    return summarize((await requireIndex(storage, topic)).index)
  } catch (error) {
    if (!KanneryError.is(error)) throw error
    onUnreadable(error)
    return { topic, error: { code: error.code, message: error.message } }
  }
}

/**
 * Shows one incarnation of the topic. Defaults to the one that a restore takes.
 *
 * @throws as core's requireIndex; CONFIG_INVALID when the backup has no such incarnation
 */
export async function showBackup(
  location: StorageLocation,
  topic: string,
  n?: number,
): Promise<TopicDetails> {
  await using storage = await openStorage(location)
  const { index } = await requireIndex(storage, topic)
  const incarnation = chooseIncarnation(index, n)
  const next =
    incarnation === undefined
      ? new Map<number, number>()
      : await nextOffsets(storage, index, incarnation.n)
  return describeTopic(index, incarnation, next)
}
