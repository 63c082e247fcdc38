import type { Clock, StorageBackend } from '@kannery/storage'
import { withChangedEntries } from '../index-file/change-entries.ts'
import { editIndex } from '../index-file/edit-index.ts'
import { indexMissing } from '../index-file/errors.ts'
import type { Index, SegmentEntry } from '../index-file/model.ts'
import type { PageWriter } from '../index-file/page-writer.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { leaseLost } from '../lease/errors.ts'
import { StorageTime } from '../lease/storage-time.ts'
import type { WriterSession } from '../lease/writer-session.ts'
import { laterUlid, type Ulid, type UlidSource } from '../ulid/ulid.ts'
import {
  type Deletable,
  defaultRetentionTiming,
  dueForDeletion,
  dueForMark,
  expiredEntries,
  type RetentionTiming,
} from './due.ts'

export interface PruneOptions {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly ids: UlidSource
  readonly timing?: RetentionTiming
}

/**
 * Marks as expired what is due by the storage's clock, beside whoever writes the topic. Holds and points are looked at in the
 * same change. Nothing is deleted, and nothing is written when nothing is due.
 *
 * @returns what it marked
 * @throws as editIndex
 */
export async function markExpired(
  topic: string,
  options: PruneOptions,
): Promise<readonly SegmentEntry[]> {
  const { storage, ids } = options
  const firstMs = await storageNow(topic, options)
  const stored = await readIndex(storage, topic)
  if (stored === undefined) throw indexMissing(topic, 'there is nothing to prune')
  let marked = await dueForMark({ storage, index: stored.index, nowMs: firstMs })
  if (marked.length === 0) return marked
  const edit = async (index: Index): Promise<Index> => {
    const nowMs = await storageNow(topic, options)
    marked = await dueForMark({ storage, index, nowMs })
    const expiredAt = new Date(nowMs).toISOString()
    const mark = (entry: SegmentEntry): SegmentEntry => ({ ...entry, state: 'expired', expiredAt })
    return await change(index, marked, { ...options, nowMs, change: mark })
  }
  await editIndex(storage, topic, { ids, edit })
  return marked
}

export interface TakenBack {
  readonly restored: readonly SegmentEntry[]
  /** Their grace is over, or as good as over. */
  readonly tooLate: readonly SegmentEntry[]
}

/**
 * Takes marks back whose grace, less the slack, has not ended by the storage's clock. What was taken back never expires again: the
 * retention that marked it was a mistake.
 *
 * The index is read before the clock, and written only if it is still that one. Who deletes changes the index first, after the
 * grace: it sees what was taken back, or this sees that the grace is over.
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
    return await change(index, taken.restored, { ...options, nowMs, change: asNeverExpiring })
  }
  await editIndex(storage, topic, { ids, edit })
  return taken
}

function asNeverExpiring({ state: _state, expiredAt: _at, ...entry }: SegmentEntry): SegmentEntry {
  return { ...entry, expires: null }
}

/**
 * Deletes what is marked as expired, or garbage, for longer than the grace. Only for the holder of the epoch. The entries of
 * deleted segments stay in the index, as `deleted`, once the storage has confirmed it.
 *
 * The recovery of a later backup is not affected: for it, who only deletes has not committed.
 *
 * @throws LEASE_LOST; as editIndex; STORAGE_* where the storage refuses to delete: what is marked stays marked
 */
export async function deletePruned(
  session: WriterSession,
  options: PruneOptions,
): Promise<Deletable> {
  const { storage, ids, timing = defaultRetentionTiming } = options
  const { topic } = session
  const { graceMs } = timing
  const firstMs = await storageNow(topic, options)
  const stored = await readIndex(storage, topic)
  if (stored === undefined) throw indexMissing(topic, 'it was removed while it was pruned')
  let due = await dueForDeletion({ storage, index: stored.index, nowMs: firstMs, graceMs })
  if (isNothing(due)) return due

  // Written although nothing changes: whoever looked at the index before, to take a mark back, can now not write it any more.
  const announce = async (index: Index): Promise<Index> => {
    assertOurs(session, index)
    due = await dueForDeletion({ storage, index, nowMs: firstMs, graceMs })
    return index
  }
  await editIndex(storage, topic, { ids, edit: announce })
  await deleteObjects(session, storage, due)
  const gone = new Set(due.garbage.map(({ id }) => id))
  const confirm = async (index: Index): Promise<Index> => {
    assertOurs(session, index)
    const asDeleted = (entry: SegmentEntry): SegmentEntry => ({ ...entry, state: 'deleted' })
    const context = { ...options, nowMs: firstMs, change: asDeleted }
    const changed = await change(index, due.segments, context)
    return { ...changed, garbage: changed.garbage.filter(({ id }) => !gone.has(id)) }
  }
  await editIndex(storage, topic, { ids, edit: confirm })
  return due
}

async function deleteObjects(
  session: WriterSession,
  storage: StorageBackend,
  due: Deletable,
): Promise<void> {
  const keys = topicKeys(session.topic)
  const garbage = due.garbage.map(({ id, kind }) => keys[kind](id))
  for (const key of [...due.segments.map(({ id }) => keys.segment(id)), ...garbage]) {
    session.assertHeld()
    await storage.delete(key)
  }
}

function assertOurs(session: WriterSession, { epoch, writer }: Index): void {
  session.assertHeld()
  if (epoch === session.epoch && writer === session.writer) return
  throw leaseLost(session.topic, `a writer with epoch ${epoch} took over from ${session.epoch}`)
}

function isNothing({ segments, garbage }: Deletable): boolean {
  return segments.length + garbage.length === 0
}

/** By the storage's clock, and never later than it is. */
async function storageNow(topic: string, { storage, clock }: PruneOptions): Promise<number> {
  return await new StorageTime(clock).ask(storage, topicKeys(topic).time, 0)
}

interface ChangeContext extends PruneOptions {
  readonly nowMs: number
  readonly change: (entry: SegmentEntry) => SegmentEntry
}

async function change(
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
