import type { Clock, StorageBackend } from '@kannery/storage'
import { editIndex } from '../index-file/edit-index.ts'
import type { Index, SegmentEntry } from '../index-file/format/model.ts'
import { withChangedEntries } from '../index-file/pages/change-entries.ts'
import type { PageWriter } from '../index-file/pages/page-writer.ts'
import { requireIndex } from '../index-file/require-index.ts'
import { laterUlid, type Ulid, type UlidSource } from '../ulid/ulid.ts'
import { defaultRetentionTiming, dueForMark, expiredEntries, type RetentionTiming } from './due.ts'
import { holdsAt } from './holds.ts'
import { storageNow } from './storage-now.ts'

/** Provides what marking and deleting need. */
export interface PruneOptions {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly ids: UlidSource
  /** Defaults to {@link defaultRetentionTiming}. */
  readonly timing?: RetentionTiming | undefined
}

/**
 * Marks as expired what is due by the storage's clock, beside a running writer. Holds and points
 * are evaluated in the same change. Deletes nothing, and writes nothing when nothing is due.
 *
 * @returns the entries that it marked
 * @throws as editIndex
 */
export async function markExpired(
  topic: string,
  options: PruneOptions,
): Promise<readonly SegmentEntry[]> {
  const { storage, ids } = options
  const { index: first } = await requireIndex(storage, topic)
  const firstMs = await storageNow(topic, options)
  let marked = await dueForMark({ storage, index: first, nowMs: firstMs })
  if (marked.length === 0) return marked
  const edit = async (index: Index): Promise<Index> => {
    const nowMs = await storageNow(topic, options)
    marked = await dueForMark({ storage, index, nowMs })
    const expiredAt = new Date(nowMs).toISOString()
    const mark = (entry: SegmentEntry): SegmentEntry => ({ ...entry, state: 'expired', expiredAt })
    const holds = holdsAt(index, nowMs)
    return await changeEntriesOf({ ...index, holds }, marked, { ...options, nowMs, change: mark })
  }
  await editIndex(storage, topic, { ids, edit })
  return marked
}

/** Reports which marks {@link takeBackExpired} took back. */
export interface TakenBack {
  /** Segments that are no longer marked. */
  readonly restored: readonly SegmentEntry[]
  /** Marked segments whose grace has ended, or is about to end. */
  readonly tooLate: readonly SegmentEntry[]
}

/**
 * Takes back marks whose grace, less the slack, has not ended by the storage's clock. What was
 * taken back never expires again, because the retention that marked it was a mistake.
 *
 * The index is read before the clock, and replaced only if it has not changed. A deletion changes
 * the index first, after the grace: either it sees what was taken back, or this sees that the grace
 * has ended.
 *
 * @throws as editIndex
 */
export async function takeBackExpired(topic: string, options: PruneOptions): Promise<TakenBack> {
  const { storage, ids, timing = defaultRetentionTiming } = options
  let taken: TakenBack = { restored: [], tooLate: [] }
  const edit = async (index: Index): Promise<Index> => {
    const nowMs = await storageNow(topic, options)
    const expired = await expiredEntries({ storage, index, nowMs })
    const endsMs = nowMs + timing.slackMs - timing.graceMs
    const isOpen = ({ expiredAt }: SegmentEntry): boolean =>
      expiredAt === undefined || Date.parse(expiredAt) > endsMs
    taken = {
      restored: expired.filter(isOpen),
      tooLate: expired.filter((entry) => !isOpen(entry)),
    }
    return await changeEntriesOf(index, taken.restored, {
      ...options,
      nowMs,
      change: asNeverExpiring,
    })
  }
  await editIndex(storage, topic, { ids, edit })
  return taken
}

function asNeverExpiring({ state: _state, expiredAt: _at, ...entry }: SegmentEntry): SegmentEntry {
  return { ...entry, expires: null }
}

/** How entries are changed, and at what time by the storage's clock. */
export interface ChangeContext extends PruneOptions {
  readonly nowMs: number
  readonly change: (entry: SegmentEntry) => SegmentEntry
}

/** Returns `index` with `context.change` applied to these entries, in the tail or in pages. */
export async function changeEntriesOf(
  index: Index,
  entries: readonly SegmentEntry[],
  context: ChangeContext,
): Promise<Index> {
  const { storage, ids: source, nowMs } = context
  const { topic, epoch, writer: nonce } = index
  const newest = laterUlid(index.commit, index.edited)
  const newId = (): Ulid => source.next(newest)
  const ids = new Set(entries.map(({ id }) => id))
  const since = new Date(nowMs).toISOString()
  const writer: PageWriter = { storage, topic, epoch, writer: nonce, newId }
  return await withChangedEntries(index, { ids, change: context.change, since, writer })
}
