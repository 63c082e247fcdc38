import type { Index, SegmentEntry } from '@kannery/core/index-file'
import { dueForMark, isHeld, markExpired, takeBackExpired } from '@kannery/core/retention'
import type { KanneryError, StorageBackend } from '@kannery/storage'
import { openStorage, openWritableStorage, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock } from '../system.ts'
import { deleteDue, foreseeDeletion } from './topics/delete-due.ts'
import { eachTopic } from './topics/each-topic.ts'
import type { FailedTopic, Outcome } from './topics/outcome.ts'
import { editing, indexOf, topicsOf } from './topics/topic-indexes.ts'

export interface PruneBackupsOptions {
  readonly storage: StorageLocation
  /** Name of one topic. Defaults to all topics of the storage. */
  readonly topic?: string
  /** True to report what is due by this machine's clock, and to write nothing. */
  readonly dryRun: boolean
  readonly onWarning: (warning: KanneryError) => void
}

/** What pruning did to the backup of one topic; in a dry run, what it would do. */
export interface PrunedTopic {
  readonly topic: string
  /** True when nothing of it is deleted, because it has holds or kept points. */
  readonly held: boolean
  /** Number of segments that are marked as expired from now on. */
  readonly expired: number
  /** Size of these segments as stored, bytes. */
  readonly expiredBytes: number
  /** Number of deleted segments, marked longer ago than the grace. */
  readonly deleted: number
  /** Size of these segments as stored, bytes. */
  readonly deletedBytes: number
  /** Number of deleted objects that no index will name again. */
  readonly garbage: number
  /** Name of the topic's writer; null when there is none. With one, nothing is deleted. */
  readonly writer: string | null
}

/** What was done to each topic, and which topics failed. */
export interface PruneReport<T> {
  readonly topics: readonly T[]
  /** Topics that failed. What was done to them before that is in `topics`. */
  readonly failed: readonly FailedTopic[]
}

/**
 * Applies the retention of backups: marks segments as expired, and deletes those that were marked
 * longer ago than the grace, unless the topic has a writer. Continues with the other topics and
 * objects when one fails.
 *
 * @throws when nothing was done to any topic: INDEX_MISSING when there is no backup of the topic;
 *   INDEX_FOREIGN for a copy; as opening a storage does
 */
export async function pruneBackups(
  options: PruneBackupsOptions,
): Promise<Outcome<PruneReport<PrunedTopic>>> {
  const { dryRun, onWarning } = options
  await using storage = dryRun
    ? await openStorage(options.storage)
    : await openWritableStorage(options.storage, onWarning)
  const topics = await topicsOf(storage, options.topic)
  const { done, failed, error } = await eachTopic(storage, topics, async (topic, fail) =>
    dryRun ? await foresee(storage, topic) : await prune(storage, topic, { ...options, fail }),
  )
  return { report: { topics: done, failed }, error }
}

/** Segments of one topic whose expiry was taken back. */
export interface TakenBackTopic {
  readonly topic: string
  /** Number of segments that are kept from now on. */
  readonly restored: number
  /** Number of segments whose grace is over or about to end: they stay expired. */
  readonly tooLate: number
}

/**
 * Takes back the expiry of segments that were marked within the grace. They then never expire.
 *
 * @throws as pruneBackups
 */
export async function takeBackPruned(
  options: Omit<PruneBackupsOptions, 'dryRun'>,
): Promise<Outcome<PruneReport<TakenBackTopic>>> {
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  const topics = await topicsOf(storage, options.topic)
  const { done, failed, error } = await eachTopic(storage, topics, async (topic) => {
    const { restored, tooLate } = await takeBackExpired(topic, editing(storage))
    return { topic, restored: restored.length, tooLate: tooLate.length }
  })
  return { report: { topics: done, failed }, error }
}

async function foresee(storage: StorageBackend, topic: string): Promise<PrunedTopic> {
  const index = await indexOf(storage, topic)
  const expired = await dueForMark({ storage, index, nowMs: systemClock.now() })
  const { segments, garbage } = await foreseeDeletion(storage, index)
  return sumUp(index, { expired, deleted: segments, garbage: garbage.length, writer: null })
}

async function prune(
  storage: StorageBackend,
  topic: string,
  options: PruneBackupsOptions & { readonly fail: (error: KanneryError) => void },
): Promise<PrunedTopic> {
  const expired = await markExpired(topic, editing(storage))
  const index = await indexOf(storage, topic)
  const { segments, garbage, writer, failure } = await deleteDue(storage, index, options)
  if (failure !== undefined) options.fail(failure)
  return sumUp(index, { expired, deleted: segments, garbage: garbage.length, writer })
}

interface Doings {
  readonly expired: readonly SegmentEntry[]
  readonly deleted: readonly SegmentEntry[]
  readonly garbage: number
  readonly writer: string | null
}

function sumUp(index: Index, { expired, deleted, garbage, writer }: Doings): PrunedTopic {
  return {
    topic: index.topic,
    held: isHeld(index, systemClock.now()),
    expired: expired.length,
    expiredBytes: bytesOf(expired),
    deleted: deleted.length,
    deletedBytes: bytesOf(deleted),
    garbage,
    writer,
  }
}

function bytesOf(entries: readonly SegmentEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0)
}
