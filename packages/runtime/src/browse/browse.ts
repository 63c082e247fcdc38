import { listTopics, nextOffsets, readIndex } from '@kannery/core'
import { type ErrorCode, KanneryError, type StorageBackend } from '@kannery/storage'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'
import { describeTopic, summarize, type TopicDetails, type TopicSummary } from './summary.ts'

/** A topic whose index cannot be read: told beside the others, so that one damaged index does not hide them. */
export interface UnreadableTopic {
  readonly topic: string
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

/** Lists one level and reads the index of every topic, and nothing else. */
export async function listBackups(
  location: StorageLocation,
): Promise<readonly (TopicSummary | UnreadableTopic)[]> {
  await using storage = await openStorage(location)
  const topics: (TopicSummary | UnreadableTopic)[] = []
  for await (const topic of listTopics(storage)) topics.push(await summaryOf(storage, topic))
  return topics
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
  const current = index.incarnations.at(-1)
  const next =
    current === undefined ? new Map<number, number>() : await nextOffsets(storage, index, current.n)
  return describeTopic(index, next)
}
