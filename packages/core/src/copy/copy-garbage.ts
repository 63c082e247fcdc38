import type { StorageBackend } from '@kannery/storage'
import { inBatches } from '@kannery/storage/client'
import type { Index, PageSummary } from '../index-file/format/model.ts'
import { liveAmong, namedAmong } from '../index-file/pages/named-objects.ts'
import { readPage } from '../index-file/pages/pages.ts'
import { type NamedObject, namedObject, topicKeys } from '../layout/keys.ts'

/**
 * How many objects are looked up in the index at a time: neighbours, so that few pages name them.
 */
const batchObjects = 1000

/**
 * Returns the pages that `before`, the index of a copy, names, and `source`, the index that will
 * replace it, does not.
 *
 * @param target the storage with the pages of both
 * @throws DATA_CORRUPT for a page that is damaged or missing in the target; STORAGE_*
 */
export async function replacedPages(
  target: StorageBackend,
  before: Index,
  source: Index,
): Promise<readonly NamedObject[]> {
  const kept = new Set(source.pages.map(({ id }) => id))
  const pages: NamedObject[] = []
  const visit = async (summaries: readonly PageSummary[]): Promise<void> => {
    for (const summary of summaries) {
      if (kept.has(summary.id)) continue
      pages.push({ kind: 'page', id: summary.id })
      if (summary.level > 1) await visit((await readPage(target, before.topic, summary)).pages)
    }
  }
  await visit(before.pages)
  const live = await liveAmong(target, source, pages)
  return pages.filter(({ id }) => !live.has(id))
}

/**
 * Finds what interrupted copies left in the topic's folder: pages that `source` does not name, and
 * segments that it lists as deleted. A segment that it does not know may be the only copy of its
 * records, and is left alone. Lists the whole folder.
 *
 * @param target the storage with all pages of `source`
 * @throws as replacedPages
 */
export async function leftovers(
  target: StorageBackend,
  source: Index,
): Promise<readonly NamedObject[]> {
  const found: NamedObject[] = []
  for await (const objects of inBatches(objectsOf(target, source), batchObjects)) {
    const live = await liveAmong(target, source, objects)
    const others = objects.filter(({ id }) => !live.has(id))
    const deleted = await namedAmong(target, source, others)
    found.push(...others.filter(({ kind, id }) => kind === 'page' || deleted.has(id)))
  }
  return found
}

async function* objectsOf(target: StorageBackend, { topic }: Index): AsyncGenerator<NamedObject> {
  const { folder } = topicKeys(topic)
  for await (const entry of target.list(folder, { depth: 'children' })) {
    const object = entry.kind === 'object' ? namedObject(folder, entry.info.key) : undefined
    if (object !== undefined) yield object
  }
}
