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
  /** All topics of the storage without it. */
  readonly topic?: string
  /** Look, by this machine's clock, and write nothing. */
  readonly dryRun: boolean
  readonly onWarning: (warning: KanneryError) => void
}

export interface PrunedTopic {
  readonly topic: string
  /** Nothing of it is deleted, because it has holds or kept points. */
  readonly held: boolean
  /** Segments that are marked as expired from now on. */
  readonly expired: number
  readonly expiredBytes: number
  /** Segments that were marked before the grace, and are deleted. */
  readonly deleted: number
  readonly deletedBytes: number
  /** Objects deleted that no index will name again. */
  readonly garbage: number
  /** Writer of the topic, beside which nothing is deleted; null if there is none. */
  readonly writer: string | null
}

export interface PruneReport<T> {
  readonly topics: readonly T[]
  /** Topics of which not all was done that was due; what was done of them is among `topics`. */
  readonly failed: readonly FailedTopic[]
}

/**
 * Marks what the retention says, and deletes what was marked before the grace wherever there
 * is no writer. A topic or object that fails does not keep the others.
 *
 * @throws what keeps it from all topics: INDEX_MISSING for a topic that is not there; INDEX_FOREIGN
 *   for a copy; as opening a storage does
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

export interface TakenBackTopic {
  readonly topic: string
  readonly restored: number
  /** Whose grace is over, or as good as over. */
  readonly tooLate: number
}

/**
 * Takes back what was marked as expired within the grace; it is kept for ever. @throws as
 * pruneBackups
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
