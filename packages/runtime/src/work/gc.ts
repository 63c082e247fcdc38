import { findOrphans } from '@kannery/core/clean-up'
import { isUploadKey } from '@kannery/core/layout'
import { sweepHeartbeats } from '@kannery/core/lease'
import { defaultRetentionTiming } from '@kannery/core/retention'
import { KanneryError, keyPrefix, type StorageBackend } from '@kannery/storage'
import { openStorage, openWritableStorage, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock } from '../system.ts'
import { type Deleted, deleteDue, foreseeDeletion } from './topics/delete-due.ts'
import { tryEachTopic } from './topics/each-topic.ts'
import type { FailedTopic, Outcome } from './topics/outcome.ts'
import { indexOf, topicsOf } from './topics/topic-indexes.ts'

export interface CollectGarbageOptions {
  readonly storage: StorageLocation
  /** Look, by this machine's clock, and write nothing. */
  readonly dryRun: boolean
  readonly onWarning: (warning: KanneryError) => void
}

export interface CollectedTopic {
  readonly topic: string
  /** That had expired, and their bytes. */
  readonly segments: number
  readonly bytes: number
  /** Objects that no index will name again. */
  readonly garbage: number
  /** Objects that no index names, and that are garbage from now on: they go a day later. */
  readonly orphans: number
  /** Writer of the topic, which deletes such things itself; null if there is none. */
  readonly writer: string | null
  /** It is a second copy: the next copy cleans it up. */
  readonly copy: boolean
}

export interface CollectedGarbage {
  readonly topics: readonly CollectedTopic[]
  /**
   * Topics of which not all was deleted that was due; what was deleted of them is among `topics`.
   */
  readonly failed: readonly FailedTopic[]
  /** Of workers that were killed. */
  readonly heartbeats: number
  /**
   * null where that is not known, as in a dry run: a storage reports them only when it gives them
   * back.
   */
  readonly unfinishedUploads: number | null
}

/**
 * Nothing that is younger is touched: no upload takes so long, and no living worker is silent for
 * so long.
 */
const olderThanMs = defaultRetentionTiming.graceMs

/**
 * Deletes what indexes call garbage or expired, wherever there is no writer, and what killed
 * processes left: heartbeats, and uploads that were never finished. What no index names, and none
 * calls garbage, is left to the next backup of its topic if that will look at it, and else becomes
 * garbage.
 *
 * @throws as opening and listing a storage do
 */
export async function collectGarbage(
  options: CollectGarbageOptions,
): Promise<Outcome<CollectedGarbage>> {
  const { dryRun, onWarning } = options
  await using storage = dryRun
    ? await openStorage(options.storage)
    : await openWritableStorage(options.storage, onWarning)
  const topics = await topicsOf(storage, undefined)
  const collected = await tryEachTopic(storage, topics, (topic, fail) =>
    collect(storage, topic, { ...options, fail }),
  )
  let { error } = collected
  const onFailure = (failure: KanneryError): void => {
    error ??= failure
  }
  const heartbeats = await orElse(onFailure, 0, () =>
    sweepHeartbeats(storage, { clock: systemClock, olderThanMs, dryRun, onFailure }),
  )
  const unfinishedUploads = dryRun
    ? null
    : await orElse(onFailure, null, () =>
        storage.sweepUnfinished(keyPrefix(''), { olderThanMs, isOurs: isUploadKey }),
      )
  const { done, failed } = collected
  return { report: { topics: done, failed, heartbeats, unfinishedUploads }, error }
}

/** What was done of topics is reported, whatever becomes of `work`. */
async function orElse<T, F>(
  onFailure: (failure: KanneryError) => void,
  otherwise: F,
  work: () => Promise<T>,
): Promise<T | F> {
  try {
    return await work()
  } catch (error) {
    if (!KanneryError.is(error)) throw error
    onFailure(error)
    return otherwise
  }
}

async function collect(
  storage: StorageBackend,
  topic: string,
  options: CollectGarbageOptions & { readonly fail: (error: KanneryError) => void },
): Promise<CollectedTopic> {
  const index = await indexOf(storage, topic)
  // To delete from it, one would have to make it a backup of its own.
  if (index.copyOf !== undefined) {
    return { topic, segments: 0, bytes: 0, garbage: 0, orphans: 0, writer: null, copy: true }
  }
  const orphans = await findOrphans(storage, index)
  const deleted: Deleted = options.dryRun
    ? { ...(await foreseeDeletion(storage, index)), writer: null, failure: undefined }
    : await deleteDue(storage, index, { ...options, orphans })
  const { segments, garbage, writer, failure } = deleted
  if (failure !== undefined) options.fail(failure)
  const bytes = segments.reduce((sum, entry) => sum + entry.bytes, 0)
  return {
    topic,
    segments: segments.length,
    bytes,
    garbage: garbage.length,
    orphans: writer === null ? orphans.length : 0,
    writer,
    copy: false,
  }
}
