import type { StorageBackend } from '@kannery/storage'
import type { GarbageEntry, Index } from '../index-file/format/model.ts'
import { namedAmong } from '../index-file/pages/named-objects.ts'
import { type NamedObject, namedObject, topicKeys } from '../layout/keys.ts'
import { laterUlid, type Ulid } from '../ulid/ulid.ts'

/** The objects that a recovery judges. */
export interface Candidates {
  /** Candidates in the order of their ids. */
  readonly objects: readonly NamedObject[]
  /** The greatest id in the folder. */
  readonly greatestId: Ulid | undefined
}

/**
 * Lists the candidates of a recovery (step 7): objects of the topic's folder that are newer than
 * all segments in pages and not named by the index, and segments that are garbage. Older leftovers
 * are found only by listing the whole folder, which a clean-up does.
 *
 * @param garbage segments in the garbage of the index that no deletion can have begun to delete
 * @throws DATA_CORRUPT for a page that may name one of them and cannot be read; STORAGE_*
 */
export async function listCandidates(
  storage: StorageBackend,
  index: Index,
  garbage: readonly GarbageEntry[],
): Promise<Candidates> {
  const { objects: unnamed, greatestId } = await listUnnamed(storage, index)
  const found = [...unnamed, ...garbage.map(({ id, kind }) => ({ id, kind }))].toSorted(byId)
  // A page that was replaced is newer than the segments in it, and may be named only by another
  // page.
  const named = await namedAmong(storage, index, found)
  return { objects: found.filter(({ id }) => !named.has(id)), greatestId }
}

/**
 * Lists objects that are newer than all segments in pages, and neither named outside of pages nor
 * garbage. Reads no page.
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

/** Returns the greatest id of a segment in a page. */
export function lastPagedId({ pages }: Index): Ulid | undefined {
  return pages.map(({ ids }) => ids[1]).reduce<Ulid | undefined>(laterUlid, undefined)
}

function byId(one: NamedObject, other: NamedObject): number {
  return one.id < other.id ? -1 : 1
}
