import { listTopics, nextOffsets, readIndex, restorableIncarnation } from '@kannery/core'
import { type ErrorCode, KanneryError, type StorageBackend } from '@kannery/storage'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'
import { describeTopic, summarize, type TopicDetails, type TopicSummary } from './summary.ts'

/** A topic whose index cannot be read: told beside the others, so that one damaged index does not hide them. */
export interface UnreadableTopic {
  readonly topic: string
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

/** An index may be large, and there may be thousands of them. */
const readAtATime = 16

/** Lists one level and reads the index of every topic, some at a time, and nothing else. In the order of the listing. */
export async function listBackups(
  location: StorageLocation,
): Promise<readonly (TopicSummary | UnreadableTopic)[]> {
  await using storage = await openStorage(location)
  const topics: (TopicSummary | UnreadableTopic)[] = []
  const reading: ReturnType<typeof summaryOf>[] = []
  for await (const topic of listTopics(storage)) {
    const summary = summaryOf(storage, topic)
    // A rejection is looked at when its turn comes.
    summary.catch(() => undefined)
    reading.push(summary)
    if (reading.length === readAtATime) topics.push(...(await Promise.all(reading.splice(0))))
  }
  return [...topics, ...(await Promise.all(reading))]
}

async function summaryOf(
  storage: StorageBackend,
  topic: string,
): Promise<TopicSummary | UnreadableTopic> {
  try {
    const found = await readIndex(storage, topic)
    if (found !== undefined) return summarize(found.index)
    throw new KanneryError('INDEX_MISSING', `the index of topic "${topic}" is gone`)
  } catch (error) {
    if (!KanneryError.is(error)) throw error
    return { topic, error: { code: error.code, message: error.message } }
  }
}

/** @throws STORAGE_NOT_FOUND when the storage holds no backup of the topic */
export async function showBackup(location: StorageLocation, topic: string): Promise<TopicDetails> {
  await using storage = await openStorage(location)
  const found = await readIndex(storage, topic)
  if (found === undefined) {
    throw new KanneryError('STORAGE_NOT_FOUND', `the storage holds no backup of topic "${topic}"`, {
      facts: { topic },
    })
  }
  const { index } = found
  const incarnation = restorableIncarnation(index)
  const next =
    incarnation === undefined
      ? new Map<number, number>()
      : await nextOffsets(storage, index, incarnation.n)
  return describeTopic(index, next)
}
