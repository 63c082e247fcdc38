import type { StorageBackend } from '@kannery/storage'
import { inBatches } from '@kannery/storage/client'
import { editIndex } from '../index-file/edit-index.ts'
import type { GarbageEntry, Index } from '../index-file/format/model.ts'
import { liveAmong } from '../index-file/pages/named-objects.ts'
import { type NamedObject, namedObject, topicKeys } from '../layout/keys.ts'
import { leaseLost } from '../lease/errors.ts'
import { isOurs } from '../recovery/adoption.ts'
import { lastPagedId } from '../recovery/candidates.ts'
import { inspectSegment } from '../recovery/inspect-segment.ts'
import type { PruneOptions } from '../retention/prune.ts'
import { storageNow } from '../retention/storage-now.ts'
import type { WriterSession } from '../writing/writer-session.ts'

/**
 * How many objects are looked up in the index at a time: neighbours, so that few pages name them.
 */
const batchObjects = 1000
/**
 * The most orphans of one call, because each of them makes the index grow. The next call finds the
 * others.
 */
const maxOrphans = 1000

/**
 * Finds objects of a topic's folder that neither a recovery nor a deletion will find: they are not
 * named by the index, not garbage, and not newer than the newest segment in a page. Lists the whole
 * folder, and reads the pages that may name its objects. Returns at most 1,000; objects that are
 * damaged, of a later format, or not of this backup are left out.
 *
 * @throws DATA_CORRUPT for a page that cannot be read; STORAGE_*
 */
export async function findOrphans(
  storage: StorageBackend,
  index: Index,
): Promise<readonly NamedObject[]> {
  const orphans: NamedObject[] = []
  for await (const objects of inBatches(oldObjects(storage, index), batchObjects)) {
    const live = await liveAmong(storage, index, objects)
    for (const object of objects) {
      if (live.has(object.id) || !(await isLeftover(storage, index, object))) continue
      orphans.push(object)
      if (orphans.length === maxOrphans) return orphans
    }
  }
  return orphans
}

/**
 * Adds orphans to the garbage of the index, so that they are deleted after the grace. Only the
 * holder of the epoch may call it: the writers that uploaded them can then no longer name them.
 *
 * @returns the new garbage, without objects that the index names by now
 * @throws LEASE_LOST; as editIndex
 */
export async function markOrphans(
  session: WriterSession,
  orphans: readonly NamedObject[],
  options: PruneOptions,
): Promise<readonly GarbageEntry[]> {
  const { storage, ids } = options
  const { topic } = session
  const since = new Date(await storageNow(topic, options)).toISOString()
  let marked: readonly GarbageEntry[] = []
  const edit = async (index: Index): Promise<Index> => {
    session.assertHeld()
    if (index.epoch !== session.epoch || index.writer !== session.writer) {
      throw leaseLost(topic, `a writer with epoch ${index.epoch} took over from ${session.epoch}`)
    }
    const live = await liveAmong(storage, index, orphans)
    const known = new Set(index.garbage.map(({ id }) => id))
    marked = orphans
      .filter(({ id }) => !live.has(id) && !known.has(id))
      .map(({ id, kind }) => ({ id, kind, since }))
    return { ...index, garbage: [...index.garbage, ...marked] }
  }
  await editIndex(storage, topic, { ids, edit })
  return marked
}

async function* oldObjects(storage: StorageBackend, index: Index): AsyncGenerator<NamedObject> {
  const { folder } = topicKeys(index.topic)
  const last = lastPagedId(index)
  if (last === undefined) return
  const garbage = new Set(index.garbage.map(({ id }) => id))
  for await (const entry of storage.list(folder, { depth: 'children' })) {
    const object = entry.kind === 'object' ? namedObject(folder, entry.info.key) : undefined
    if (object !== undefined && object.id <= last && !garbage.has(object.id)) yield object
  }
}

/**
 * Whether an object is a leftover of this backup, of no later epoch. A page holds nothing that its
 * segments do not.
 */
async function isLeftover(
  storage: StorageBackend,
  index: Index,
  { kind, id }: NamedObject,
): Promise<boolean> {
  if (kind === 'page') return true
  const inspected = await inspectSegment(storage, topicKeys(index.topic).segment(id))
  if (inspected.kind !== 'readable') return false
  // It is judged for the writer that marks it, whose epoch is the next one.
  return isOurs(inspected.footer.header, { ...index, epoch: index.epoch + 1 })
}
