import type { StorageBackend } from '@kannery/storage'
import type { Index } from '../index-file/format/model.ts'
import { readIndex } from '../index-file/read-index.ts'
import { requireIndex } from '../index-file/require-index.ts'
import { defaultRetentionTiming, isOver } from '../retention/due.ts'
import { assertContinuesCopy, holdsOfReaders, isCopyOfNow } from '../writing/lineage.ts'
import type { Worker } from '../writing/worker.ts'
import { type CopyProgress, type CopySums, TopicCopier } from './topic-copier.ts'

export interface CopyTopicOptions {
  /** Only read: credentials that cannot write suffice. */
  readonly source: StorageBackend
  readonly target: StorageBackend
  readonly topic: string
  /** Of the target. */
  readonly worker: Worker
  /**
   * How long to contend for a topic that somebody else writes in the target; by default it is
   * refused at once.
   */
  readonly waitMs?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: CopyProgress) => void
}

export interface TopicCopy extends CopySums {
  readonly topic: string
  /**
   * `current`: the target was what the source is, and had nothing to delete; nothing was written.
   */
  readonly state: 'copied' | 'current'
}

/**
 * Makes the target's backup of a topic what the source's is, as of a moment after the call.
 * Segments and pages come before the index that names them: the target restores at every moment, to
 * the state before or to the new one. What a call that was killed had sent is found and used by the
 * next one. What the target's index does not name any more is its garbage, and deleted by a call a
 * day later.
 *
 * @throws INDEX_FOREIGN when something else than a copy of this backup is there; LEASE_HELD,
 *   LEASE_LOST (both of the target);
 * DATA_CORRUPT when the source is damaged: the target then stays as it was; STORAGE_NOT_FOUND
 * without a backup at the source; INDEX_MISSING; STORAGE_*
 */
export async function copyTopic(options: CopyTopicOptions): Promise<TopicCopy> {
  const { source, target, topic, worker, waitMs = 0, signal } = options
  const from = await requireIndex(source, topic, signal === undefined ? {} : { signal })
  const there = await readIndex(target, topic, signal === undefined ? {} : { signal })
  if (there !== undefined) {
    assertContinuesCopy(there.index, from.index)
    if (isCopyOfNow(there.index, from.index) && !mayDelete(there.index, from.index, worker)) {
      return { topic, state: 'current', segments: 0, reused: 0, records: 0, bytes: 0, deleted: 0 }
    }
  }
  await using session = await worker.acquire(topic, {
    cluster: from.index.cluster,
    copyOf: from.index,
    waitMs,
    ...(signal === undefined ? {} : { signal }),
  })
  const sums = await new TopicCopier(session, options).copy(from.index)
  return { topic, state: 'copied', ...sums }
}

/** Whether garbage is due that no reader of the copy keeps. */
function mayDelete(target: Index, source: Index, worker: Worker): boolean {
  const { graceMs } = defaultRetentionTiming
  const nowMs = worker.storageNow()
  const isDue = target.garbage.some(({ since }) => isOver(since, { nowMs, graceMs }))
  return isDue && holdsOfReaders(target, source, nowMs).length === 0
}
