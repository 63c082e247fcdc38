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

/** Which storage to clean up, and whether only to look. */
export interface CollectGarbageOptions {
  readonly storage: StorageLocation
  /** True to report what is due by this machine's clock, and to write nothing. */
  readonly dryRun: boolean
  readonly onWarning: (warning: KanneryError) => void
}

/** What a garbage collection deleted of one topic; in a dry run, what it would delete. */
export interface CollectedTopic {
  readonly topic: string
  /** Number of expired segments that were deleted. */
  readonly segments: number
  /** Size of these segments as stored, bytes. */
  readonly bytes: number
  /** Number of deleted objects that no index will name again. */
  readonly garbage: number
  /** Number of objects that no index names: they are garbage now, and deleted a day later. */
  readonly orphans: number
  /** Name of the topic's writer, which deletes these objects itself; null when there is none. */
  readonly writer: string | null
  /** True for a second copy of a backup, from which nothing was deleted: the next copy does it. */
  readonly copy: boolean
}

/** What a garbage collection deleted; in a dry run, what it would delete. */
export interface CollectedGarbage {
  readonly topics: readonly CollectedTopic[]
  /** Topics that failed. What was deleted of them before that is in `topics`. */
  readonly failed: readonly FailedTopic[]
  /** Number of deleted heartbeats of workers that were killed. */
  readonly heartbeats: number
  /**
   * Number of unfinished uploads that were aborted; null when it is unknown, as in a dry run: a
   * storage counts them only while it aborts them.
   */
  readonly unfinishedUploads: number | null
}

/** Younger objects are kept: no upload takes so long, and no running worker is silent so long. */
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

// What was done of topics is reported even if `work` fails.
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
