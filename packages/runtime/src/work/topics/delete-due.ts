import { deletePruned, markOrphans } from '@kannery/core/clean-up'
import { copyIsNotEdited, type Index } from '@kannery/core/index-file'
import type { NamedObject } from '@kannery/core/layout'
import { type Deletable, defaultRetentionTiming, dueForDeletion } from '@kannery/core/retention'
import { Worker } from '@kannery/core/writing'
import { KanneryError, type StorageBackend } from '@kannery/storage'
import type { StorageLocation } from '../../storage/open-storage.ts'
import { systemClock, systemRandom } from '../../system.ts'
import { editing } from './topic-indexes.ts'
import { nameWriter } from './writer.ts'

/** What was deleted of one topic. */
export interface Deleted extends Deletable {
  /** Name of the topic's writer; null when there is none. With one, nothing is deleted. */
  readonly writer: string | null
  /** Why something that was due is not deleted; undefined when everything is. */
  readonly failure: KanneryError | undefined
}

/**
 * Finds what is due for deletion, by this machine's clock.
 *
 * @throws INDEX_FOREIGN for a copy: only the next copy deletes from it, and who acquires it to
 *   delete makes it a backup of its own
 */
export async function foreseeDeletion(storage: StorageBackend, index: Index): Promise<Deletable> {
  if (index.copyOf !== undefined) throw copyIsNotEdited(index.topic)
  const { graceMs } = defaultRetentionTiming
  return await dueForDeletion({ storage, index, nowMs: systemClock.now(), graceMs })
}

export interface DeleteDueOptions {
  readonly storage: StorageLocation
  readonly onWarning: (warning: KanneryError) => void
}

/**
 * Deletes what was marked, or is garbage, since before the grace, unless the topic has a writer.
 *
 * @param orphans objects that no index names; they are marked as garbage
 * @throws as foreseeDeletion; as core's deletePruned and markOrphans
 */
export async function deleteDue(
  storage: StorageBackend,
  index: Index,
  { orphans = [], ...options }: DeleteDueOptions & { readonly orphans?: readonly NamedObject[] },
): Promise<Deleted> {
  const soon = await foreseeDeletion(storage, index)
  // Taking a lease for nothing would only be in the way of a backup that starts.
  if (soon.segments.length + soon.garbage.length + orphans.length === 0) {
    return { ...soon, writer: null, failure: undefined }
  }
  await using worker = await Worker.start({
    storage,
    clock: systemClock,
    random: systemRandom,
    description: nameWriter(options.storage.plugins.app.version),
    onWarning: options.onWarning,
  })
  try {
    await using session = await worker.acquire(index.topic, { cluster: index.cluster })
    if (orphans.length > 0) await markOrphans(session, orphans, editing(storage))
    return { ...(await deletePruned(session, editing(storage))), writer: null }
  } catch (error) {
    if (!KanneryError.is(error, 'LEASE_HELD')) throw error
    const writer = String(error.facts['holder'])
    return { segments: [], garbage: [], writer, failure: undefined }
  }
}
