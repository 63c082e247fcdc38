import { type Index, requireIndex } from '@kannery/core/index-file'
import { listTopics } from '@kannery/core/layout'
import type { StorageBackend } from '@kannery/storage'

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

/** @throws as core's requireIndex */
export async function indexOf(storage: StorageBackend, topic: string): Promise<Index> {
  return (await requireIndex(storage, topic)).index
}
