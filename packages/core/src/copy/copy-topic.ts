import type { StorageBackend } from '@kannery/storage'
import type { Index } from '../index-file/format/model.ts'
import { readIndex } from '../index-file/read-index.ts'
import { requireIndex } from '../index-file/require-index.ts'
import { defaultRetentionTiming, isOver } from '../retention/due.ts'
import { assertContinuesCopy, holdsOfReaders, isCopyOfNow } from '../writing/lineage.ts'
import type { Worker } from '../writing/worker.ts'
import { type CopyProgress, type CopySums, TopicCopier } from './topic-copier.ts'

/** Names the topic to copy, its source and its target. */
export interface CopyTopicOptions {
  /** The storage of the backup. It is only read: credentials that cannot write suffice. */
  readonly source: StorageBackend
  readonly target: StorageBackend
  readonly topic: string
  /** A worker of the target, which acquires the topic there while the copy runs. */
  readonly worker: Worker
  /**
   * How long to wait for a topic that another worker writes in the target, milliseconds. Defaults
   * to 0: it is refused at once.
   */
  readonly waitMs?: number | undefined
  /** Ends the copy early. The next copy reuses what was copied. */
  readonly signal?: AbortSignal | undefined
  /** Called after each segment that was sent or reused. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined
}

/** Reports the result of {@link copyTopic}. */
export interface TopicCopy extends CopySums {
  readonly topic: string
  /**
   * `current`: the target already was a copy of this state, with nothing to delete; nothing was
   * written.
   */
  readonly state: 'copied' | 'current'
}

/**
 * Copies a topic's backup to a second storage, in a state that it has after the call began.
 * Segments and pages are written before the index that names them, so that the target can be
 * restored at every moment, in its state before or in the new one. The next call reuses what an
 * interrupted call had copied. Objects that the target's index no longer names are its garbage,
 * which a call a day later deletes.
 *
 * @throws INDEX_FOREIGN when the target has anything but a copy of this backup; LEASE_HELD,
 *   LEASE_LOST, both of the target; DATA_CORRUPT when the source is damaged, which leaves the
 *   target unchanged; STORAGE_NOT_FOUND when the source has no backup of the topic; INDEX_MISSING;
 *   STORAGE_*
 */
export async function copyTopic(options: CopyTopicOptions): Promise<TopicCopy> {
  const { source, target, topic, worker, waitMs = 0, signal } = options
  const from = await requireIndex(source, topic, { signal })
  const there = await readIndex(target, topic, { signal })
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
    signal,
  })
  const sums = await new TopicCopier(session, options).copy(from.index)
  return { topic, state: 'copied', ...sums }
}

/** Whether the copy has garbage that is due and that no reader keeps. */
function mayDelete(target: Index, source: Index, worker: Worker): boolean {
  const { graceMs } = defaultRetentionTiming
  const nowMs = worker.storageNow()
  const isDue = target.garbage.some(({ since }) => isOver(since, { nowMs, graceMs }))
  return isDue && holdsOfReaders(target, source, nowMs).length === 0
}
