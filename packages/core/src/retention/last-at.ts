import type { StorageBackend } from '@kannery/storage'
import type { Index, PageSummary } from '../index-file/format/model.ts'
import { readPage } from '../index-file/pages/pages.ts'
import { namedObject, topicKeys } from '../layout/keys.ts'
import { laterUlid, type Ulid } from '../ulid/ulid.ts'

/**
 * Returns the greatest id of the segments that existed at a past time, ISO 8601; null when there
 * were none. It is the greater of two ids: of what the storage had received by then, and of what
 * writers had captured by then. In a copy that became a backup, the storage received everything
 * later.
 */
export async function lastAt(
  storage: StorageBackend,
  index: Index,
  at: string,
): Promise<Ulid | null> {
  const momentMs = Date.parse(at)
  const [stored, captured] = await Promise.all([
    lastStored(storage, index.topic, momentMs),
    lastCaptured(storage, index, momentMs),
  ])
  return laterUlid(stored, captured) ?? null
}

async function lastStored(
  storage: StorageBackend,
  topic: string,
  momentMs: number,
): Promise<Ulid | undefined> {
  const { folder } = topicKeys(topic)
  let last: Ulid | undefined
  for await (const entry of storage.list(folder, { depth: 'children' })) {
    if (entry.kind !== 'object' || entry.info.lastModified.getTime() > momentMs) continue
    const object = namedObject(folder, entry.info.key)
    if (object?.kind === 'segment') last = laterUlid(last, object.id)
  }
  return last
}

/** Reads only pages of which some segments were captured by then, and some later. */
async function lastCaptured(
  storage: StorageBackend,
  { topic, pages, segments }: Pick<Index, 'topic' | 'pages' | 'segments'>,
  momentMs: number,
): Promise<Ulid | undefined> {
  let last = segments
    .filter(({ captured: [first] }) => Date.parse(first) <= momentMs)
    .map(({ id }) => id)
    .reduce<Ulid | undefined>(laterUlid, undefined)
  const lastIn = async (summary: PageSummary): Promise<Ulid | undefined> => {
    const [first, end] = summary.captured
    if (Date.parse(first) > momentMs) return undefined
    if (Date.parse(end) <= momentMs) return summary.ids[1]
    return await lastCaptured(storage, await readPage(storage, topic, summary), momentMs)
  }
  for (const summary of pages) last = laterUlid(last, await lastIn(summary))
  return last
}
