import { KanneryError } from '@kannery/storage'
import { editIndex } from '../index-file/edit-index.ts'
import type { Index, JsonObject, PageSummary, SegmentEntry } from '../index-file/format/model.ts'
import { summarizeHoldings } from '../index-file/pages/page-summary.ts'
import { isUlid, type Ulid } from '../ulid/ulid.ts'
import { agingIncarnations } from './aging.ts'
import { type EditOptions, noSuch } from './holds.ts'
import { type KeepRules, pointsToKeep } from './keep-rules.ts'
import { lastAt } from './last-at.ts'
import { timeOfBackup } from './storage-now.ts'

/** A point: a time that can be restored as long as the point exists. */
export interface Point {
  /** A named point is kept until it is removed by its name; others are thinned out. */
  readonly name?: string
  /** ISO 8601, by the storage's clock. */
  readonly at: string
}

/** A point as an index stores it. */
interface StoredPoint extends Point {
  /**
   * The greatest id of the segments that existed at its time; null when there were none. Ids only
   * increase, whatever a writer's clock says. Absent in a point that a person wrote.
   */
  readonly last?: Ulid | null
}

/**
 * Returns the points of an index, in the order in which they were added. Points that this version
 * cannot read are left out; they prevent everything from expiring: see `isHeld`.
 */
export function readPoints({ points }: Index): readonly Point[] {
  return points.flatMap((stored) => {
    const point = asPoint(stored)
    if (point === undefined) return []
    const { last: _, ...shown } = point
    return [shown]
  })
}

/**
 * Returns the points that this version cannot read: a later version or a person wrote them, and
 * what they keep is not known.
 */
export function unreadablePoints({ points }: Index): readonly JsonObject[] {
  return points.filter((stored) => asPoint(stored) === undefined)
}

/** A segment, or all segments of a page. */
export type Keepable = SegmentEntry | PageSummary

/**
 * Returns a function that says whether a point keeps a segment, or every segment of a page. A point
 * keeps what existed at its time and had not expired by then, or could not expire, because it was
 * of a compacted topic that no baseline had replaced.
 */
export function keptByPoints(index: Index): (held: Keepable) => boolean {
  const moments = index.points.flatMap((stored) => {
    const point = asPoint(stored)
    if (point === undefined) return []
    const moment = Date.parse(point.at)
    return [{ moment, last: point.last, aging: agingIncarnations(index, moment) }]
  })
  return (held) => {
    const { greatestId, capturedMs, expiresMs } = reachOf(held)
    return moments.some(({ moment, last, aging }) => {
      const isLater = expiresMs > moment || !aging.has(held.in)
      if (last === undefined) return isLater && capturedMs - skewMs <= moment
      return isLater && last !== null && greatestId <= last
    })
  }
}

/** How far a writer's clock may be ahead of the storage's. */
const skewMs = 86_400_000

/**
 * Returns what a point must have reached to keep the whole segment, or all segments of the page.
 */
function reachOf(held: Keepable): {
  readonly greatestId: Ulid
  readonly capturedMs: number
  readonly expiresMs: number
} {
  const isPage = 'level' in held
  const expires = isPage ? held.expires?.[0] : held.expires
  return {
    greatestId: isPage ? held.ids[1] : held.id,
    capturedMs: Date.parse(held.captured[isPage ? 1 : 0]),
    expiresMs: expires == null ? Number.POSITIVE_INFINITY : Date.parse(expires),
  }
}

/**
 * Adds a point. Once it resolves, what the topic's backup held at that time does not expire, and
 * what is marked already is not deleted.
 *
 * @param point `at`, ISO 8601, defaults to now. For a past time, the topic's folder is listed, and
 *   the segments are determined by when the storage received them, or writers captured them
 * @throws CONFIG_INVALID for a time in the future, or a name that is taken; as editIndex; as
 *   readPage; STORAGE_*
 */
export async function addPoint(
  topic: string,
  point: { readonly name?: string; readonly at?: string },
  options: EditOptions,
): Promise<Point> {
  const { storage, ids } = options
  const { name } = point
  const nowMs = await timeOfBackup(topic, options)
  const at = point.at ?? new Date(nowMs).toISOString()
  if (Date.parse(at) > nowMs) throw notYet(at)
  const added = { ...(name === undefined ? {} : { name }), at }
  const edit = async (index: Index): Promise<Index> => {
    if (name !== undefined && readPoints(index).some((known) => known.name === name)) {
      throw nameTaken(topic, name)
    }
    const last = point.at === undefined ? lastOf(index) : await lastAt(storage, index, point.at)
    return { ...index, points: [...index.points, { ...added, last }] }
  }
  await editIndex(storage, topic, { ids, edit })
  return added
}

function lastOf(index: Index): Ulid | null {
  return summarizeHoldings(index)?.ids[1] ?? null
}

/**
 * Removes a point.
 *
 * @param which its name, or its time if it has no name
 * @throws CONFIG_INVALID when there is no such point; as editIndex
 */
export async function removePoint(
  topic: string,
  which: string,
  { storage, ids }: EditOptions,
): Promise<void> {
  const edit = (index: Index): Index => {
    const points = index.points.filter((stored) => (stored['name'] ?? stored['at']) !== which)
    if (points.length === index.points.length) throw noSuch('point', topic, which)
    return { ...index, points }
  }
  await editIndex(storage, topic, { ids, edit })
}

/**
 * Removes the points without a name that no rule keeps.
 *
 * @returns the points that it removed
 * @throws as editIndex
 */
export async function thinPoints(
  topic: string,
  rules: KeepRules,
  { storage, ids }: EditOptions,
): Promise<readonly Point[]> {
  let removed: readonly Point[] = []
  const edit = (index: Index): Index => {
    const unnamed = readPoints(index).filter(({ name }) => name === undefined)
    const kept = pointsToKeep(unnamed, rules)
    removed = unnamed.filter((point) => !kept.has(point))
    const gone = new Set(removed.map(({ at }) => at))
    const isGone = (point: Point | undefined): boolean =>
      point !== undefined && point.name === undefined && gone.has(point.at)
    return { ...index, points: index.points.filter((stored) => !isGone(asPoint(stored))) }
  }
  await editIndex(storage, topic, { ids, edit })
  return removed
}

function asPoint({ name, at, last }: JsonObject): StoredPoint | undefined {
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined
  if (name !== undefined && typeof name !== 'string') return undefined
  if (last !== undefined && last !== null && !isUlid(last)) return undefined
  return {
    ...(name === undefined ? {} : { name }),
    at,
    ...(last === undefined ? {} : { last }),
  }
}

function notYet(at: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `${at} is in the future`, {
    why: 'a point keeps what the backup held at its time',
    remedy: 'Leave the time out for a point of now, or choose a time that has passed.',
  })
}

function nameTaken(topic: string, name: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `topic "${topic}" has a point "${name}" already`, {
    remedy: 'Choose another name, or remove the point that has it first.',
    advice: { id: 'rename-point', topic, name },
    facts: { topic, name },
  })
}
