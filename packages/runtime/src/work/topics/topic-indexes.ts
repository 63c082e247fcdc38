import { type Index, requireIndex } from '@kannery/core/index-file'
import { listTopics } from '@kannery/core/layout'
import type { EditOptions } from '@kannery/core/retention'
import { UlidSource } from '@kannery/core/ulid'
import type { StorageBackend } from '@kannery/storage'
import { systemClock, systemRandom } from '../../system.ts'

/** The topic, or all topics of the storage. */
export async function topicsOf(
  storage: StorageBackend,
  topic: string | undefined,
): Promise<readonly string[]> {
  if (topic !== undefined) return [topic]
  const topics: string[] = []
  for await (const found of listTopics(storage)) topics.push(found)
  return topics
}

/** Reads the index of a topic. @throws as core's requireIndex */
export async function indexOf(storage: StorageBackend, topic: string): Promise<Index> {
  return (await requireIndex(storage, topic)).index
}

/** What core needs to change an index of this storage beside its writer. */
export function editing(storage: StorageBackend): EditOptions {
  const ids = new UlidSource({ clock: systemClock, random: systemRandom })
  return { storage, clock: systemClock, ids }
}
