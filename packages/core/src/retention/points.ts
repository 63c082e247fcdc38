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

/** A moment that can be restored to for as long as it is there. */
export interface Point {
  /** A named one is kept until it is removed by its name; others are thinned out. */
  readonly name?: string
  /** ISO 8601, by the storage's clock. */
  readonly at: string
}

/** As it stands in an index. */
interface StoredPoint extends Point {
  /**
   * The greatest id of the segments that were there at its moment; null when there were none. Ids
   * only grow, whatever a writer's clock says. Absent in a point that was written by hand.
   */
  readonly last?: Ulid | null
}

/** In the order in which they were added. */
export function readPoints({ points }: Index): readonly Point[] {
  return points.flatMap((stored) => {
    const point = asPoint(stored)
    if (point === undefined) return []
    const { last: _, ...told } = point
    return [told]
  })
}

/** What came after this version, or a person spoiled: what it keeps is not known. */
export function unreadablePoints({ points }: Index): readonly JsonObject[] {
  return points.filter((stored) => asPoint(stored) === undefined)
}

/** A segment, or all segments of a page together. */
export type Keepable = SegmentEntry | PageSummary

/**
 * Whether a point keeps a segment, or every segment of a page. It keeps all that was there at its
 * moment and had not expired by then, or could not, because it was of a compacted topic and no
 * baseline stood for it yet.
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

/** A writer's clock may be so far ahead of the storage's. */
const skewMs = 86_400_000

/** What of a segment, or of those in a page together, a point must have reached to keep it all. */
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
 * From when it resolves, what the topic's backup held at that moment does not expire; what is
 * marked already is not deleted.
 *
 * @param point without `at`: now. A moment that has passed is looked up by when the storage says
 *   that it got each segment
 * @throws CONFIG_INVALID for a moment to come, or a name that is taken; as editIndex; as listing
 *   the topic's folder
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
 * @param which its name, or its moment where it has none. @throws CONFIG_INVALID when there is
 *   none; as editIndex
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
 * Removes points without a name that no rule keeps. @returns what it removed. @throws as editIndex
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
  return new KanneryError('CONFIG_INVALID', `${at} is still to come`, {
    why: 'a point keeps what was there at its moment',
    remedy: 'Leave the moment out for now, or name one that has passed.',
  })
}

function nameTaken(topic: string, name: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `topic "${topic}" has a point "${name}" already`, {
    remedy: 'Choose another name, or remove that one first: kannery point rm.',
    facts: { topic, name },
  })
}
