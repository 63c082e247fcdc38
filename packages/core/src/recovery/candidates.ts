import type { StorageBackend } from '@kannery/storage'
import type { GarbageEntry, Index } from '../index-file/format/model.ts'
import { namedAmong } from '../index-file/pages/named-objects.ts'
import { type NamedObject, namedObject, topicKeys } from '../layout/keys.ts'
import { laterUlid, type Ulid } from '../ulid/ulid.ts'

export interface Candidates {
  /** In the order of their ids. */
  readonly objects: readonly NamedObject[]
  /** Greatest id seen in the folder. */
  readonly greatestId: Ulid | undefined
}

/**
 * Step 7: what lies in the topic's folder, newer than all that is in pages, without being named by
 * the index, and segments that are garbage. Older leftovers are found by a full listing, which is
 * not a writer's business.
 *
 * @param garbage segments of the index's garbage that no deletion can have begun with
 * @throws DATA_CORRUPT for a page that may name one of them, and cannot be read; STORAGE_*
 */
export async function listCandidates(
  storage: StorageBackend,
  index: Index,
  garbage: readonly GarbageEntry[],
): Promise<Candidates> {
  const { objects: unnamed, greatestId } = await listUnnamed(storage, index)
  const found = [...unnamed, ...garbage.map(({ id, kind }) => ({ id, kind }))].toSorted(byId)
  // A page that was written anew is younger than the segments in it, and may be named by pages
  // only.
  const named = await namedAmong(storage, index, found)
  return { objects: found.filter(({ id }) => !named.has(id)), greatestId }
}

/**
 * What is newer than all that is in pages, and neither named outside of pages nor garbage. Reads no
 * page.
 */
export async function listUnnamed(storage: StorageBackend, index: Index): Promise<Candidates> {
  const { folder, segment } = topicKeys(index.topic)
  const lastPaged = lastPagedId(index)
  const named = new Set([...index.segments, ...index.pages, ...index.garbage].map(({ id }) => id))
  const unnamed: NamedObject[] = []
  let greatestId: Ulid | undefined
  const startAfter = lastPaged === undefined ? {} : { startAfter: segment(lastPaged) }
  for await (const entry of storage.list(folder, { depth: 'children', ...startAfter })) {
    const object = entry.kind === 'object' ? namedObject(folder, entry.info.key) : undefined
    if (object === undefined) continue
    greatestId = laterUlid(greatestId, object.id)
    if (lastPaged !== undefined && object.id <= lastPaged) continue
    if (!named.has(object.id)) unnamed.push(object)
  }
  return { objects: unnamed.toSorted(byId), greatestId }
}

/** Greatest id of a segment in a page. */
export function lastPagedId({ pages }: Index): Ulid | undefined {
  return pages.map(({ ids }) => ids[1]).reduce<Ulid | undefined>(laterUlid, undefined)
}

function byId(one: NamedObject, other: NamedObject): number {
  return one.id < other.id ? -1 : 1
}
