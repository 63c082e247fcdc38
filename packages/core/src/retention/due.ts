import type { StorageBackend } from '@kannery/storage'
import type { GarbageEntry, Index, PageSummary, SegmentEntry } from '../index-file/format/model.ts'
import { liveAmong } from '../index-file/pages/named-objects.ts'
import { readPage } from '../index-file/pages/pages.ts'
import { agingIncarnations } from './aging.ts'
import { holdsAt } from './holds.ts'
import { keptByPoints, unreadablePoints } from './points.ts'

/** Sets how much time passes between the mark and the deletion of an object, milliseconds. */
export interface RetentionTiming {
  /** How long a marked object is kept before it may be deleted. */
  readonly graceMs: number
  /** How long before the end of the grace marks can no longer be taken back. */
  readonly slackMs: number
}

/** The default timing: a grace of a day, and a slack of 5 minutes. */
export const defaultRetentionTiming: RetentionTiming = { graceMs: 86_400_000, slackMs: 300_000 }

/**
 * An index, and the time at which to determine what is due: milliseconds, by the storage's clock.
 */
export interface DueOptions {
  readonly storage: StorageBackend
  readonly index: Index
  readonly nowMs: number
}

/**
 * Whether nothing of the topic may expire at a time by the storage's clock, milliseconds, because
 * it has a hold, or a point that this version cannot read.
 */
export function isHeld(index: Index, nowMs: number): boolean {
  return holdsAt(index, nowMs).length + unreadablePoints(index).length > 0
}

/**
 * Returns the live entries that have expired and that no hold or point keeps. Of a compacted topic,
 * or one whose cleanup policy is not known, only what is older than a complete baseline: its oldest
 * segment may otherwise hold the only record of a key. Pages in which nothing can be due are not
 * read.
 *
 * @throws as readPage
 */
export async function dueForMark(options: DueOptions): Promise<readonly SegmentEntry[]> {
  const { index, nowMs } = options
  if (isHeld(index, nowMs)) return []
  const mayAge = agingIncarnations(index, nowMs)
  const due: SegmentEntry[] = []
  const isKept = keptByPoints(index)
  const isSkipped = (page: PageSummary): boolean => !mayAge.has(page.in) || isKept(page)
  for await (const entry of agedEntries(options, isSkipped)) {
    const { state, expires, in: n } = entry
    if (state !== undefined || !mayAge.has(n) || isKept(entry)) continue
    if (expires !== null && Date.parse(expires) <= nowMs) due.push(entry)
  }
  return due
}

/** Lists objects that may be deleted. */
export interface Deletable {
  readonly segments: readonly SegmentEntry[]
  readonly garbage: readonly GarbageEntry[]
}

/**
 * Returns what has been marked as expired, or garbage, for at least the grace. Holds and points
 * keep segments that were marked before them, but not garbage. Garbage that the index also names as
 * live is kept.
 *
 * @throws as readPage
 */
export async function dueForDeletion(
  options: DueOptions & { readonly graceMs: number },
): Promise<Deletable> {
  const { index, nowMs } = options
  const garbage = await dueGarbage(options)
  if (isHeld(index, nowMs)) return { segments: [], garbage }
  const isKept = keptByPoints(index)
  const isSkipped = (page: PageSummary): boolean => isKept(page) || holdsNoMark(page)
  const expired = await expiredEntries(options, isSkipped)
  const segments = expired.filter(
    (entry) => entry.expiredAt !== undefined && isOver(entry.expiredAt, options) && !isKept(entry),
  )
  return { segments, garbage }
}

/** Returns what has been garbage for at least the grace and is not named as live. */
export async function dueGarbage(
  options: DueOptions & { readonly graceMs: number },
): Promise<readonly GarbageEntry[]> {
  const { storage, index } = options
  const old = index.garbage.filter(({ since }) => isOver(since, options))
  const live = await liveAmong(storage, index, old)
  return old.filter(({ id }) => !live.has(id))
}

/** Whether the grace of what was marked at `since`, ISO 8601, has ended. */
export function isOver(
  since: string,
  { nowMs, graceMs }: { readonly nowMs: number; readonly graceMs: number },
): boolean {
  return Date.parse(since) + graceMs <= nowMs
}

/**
 * Whether a page has no marked entries. Above level 1 the sum may include pages for which that is
 * not known.
 */
function holdsNoMark({ level, restorable }: PageSummary): boolean {
  return level === 1 && restorable?.expired === 0
}

/**
 * Returns the entries that are marked and not deleted, except those in pages that `isSkipped`
 * excludes.
 */
export async function expiredEntries(
  options: DueOptions,
  isSkipped: (page: PageSummary) => boolean = () => false,
): Promise<readonly SegmentEntry[]> {
  const expired: SegmentEntry[] = []
  for await (const entry of agedEntries(options, isSkipped)) {
    if (entry.state === 'expired') expired.push(entry)
  }
  return expired
}

/**
 * Lists entries. Pages in which none can have expired, and pages that are skipped, are not read.
 */
async function* agedEntries(
  options: DueOptions,
  isSkipped: (page: PageSummary) => boolean,
): AsyncGenerator<SegmentEntry> {
  const { storage, index, nowMs } = options
  const inPages = async function* (
    summaries: readonly PageSummary[],
  ): AsyncGenerator<SegmentEntry> {
    for (const summary of summaries) {
      if (summary.expires === null || Date.parse(summary.expires[0]) > nowMs) continue
      if (isSkipped(summary)) continue
      const page = await readPage(storage, index.topic, summary)
      yield* inPages(page.pages)
      yield* page.segments
    }
  }
  yield* inPages(index.pages)
  yield* index.segments
}
