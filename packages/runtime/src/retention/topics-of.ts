import { type Index, listTopics, readIndex } from '@kannery/core'
import { KanneryError, type StorageBackend } from '@kannery/storage'

/** The topic, or all of the storage. */
export async function topicsOf(
  storage: StorageBackend,
  topic: string | undefined,
): Promise<readonly string[]> {
  if (topic !== undefined) return [topic]
  const topics: string[] = []
  for await (const found of listTopics(storage)) topics.push(found)
  return topics
}

/** @throws STORAGE_NOT_FOUND when there is no backup of the topic */
export async function indexOf(storage: StorageBackend, topic: string): Promise<Index> {
  const stored = await readIndex(storage, topic)
  if (stored !== undefined) return stored.index
  throw new KanneryError('STORAGE_NOT_FOUND', `the storage holds no backup of topic "${topic}"`, {
    facts: { topic },
  })
}
