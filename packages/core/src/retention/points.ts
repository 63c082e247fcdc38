import { KanneryError } from '@kannery/storage'
import { editIndex } from '../index-file/edit-index.ts'
import type { Index, JsonObject, SegmentEntry } from '../index-file/model.ts'
import { topicKeys } from '../layout/keys.ts'
import { StorageTime } from '../lease/storage-time.ts'
import { agingIncarnations } from './aging.ts'
import { type EditOptions, noSuch } from './holds.ts'
import { type KeepRules, pointsToKeep } from './keep-rules.ts'

/** A moment that can be restored to for as long as it is there. */
export interface Point {
  /** A named one is kept until it is removed by its name; others are thinned out. */
  readonly name?: string
  /** ISO 8601, by the storage's clock. */
  readonly at: string
}

/** In the order in which they were added. */
export function readPoints({ points }: Index): readonly Point[] {
  return points.flatMap((stored) => asPoint(stored) ?? [])
}

/** What came after this version, or a person spoiled: what it keeps is not known. */
export function unreadablePoints({ points }: Index): readonly JsonObject[] {
  return points.filter((stored) => asPoint(stored) === undefined)
}

/**
 * Whether a point keeps a segment. It keeps all that was there at its moment: what had been captured, and had not expired by then,
 * or could not, because it was of a compacted topic and no baseline stood for it yet.
 */
export function keptByPoints(index: Index): (entry: SegmentEntry) => boolean {
  const moments = readPoints(index).map(({ at }) => {
    const moment = Date.parse(at)
    return { moment, aging: agingIncarnations(index, moment) }
  })
  return ({ in: n, captured: [first], expires }) =>
    moments.some(({ moment, aging }) => {
      const isLater = expires === null || Date.parse(expires) > moment
      return Date.parse(first) <= moment && (isLater || !aging.has(n))
    })
}

/**
 * From when it resolves, what the topic's backup held at that moment does not expire; what is marked already is not deleted.
 *
 * @param point without `at`: now
 * @throws CONFIG_INVALID for a moment to come, or a name that is taken; as editIndex
 */
export async function addPoint(
  topic: string,
  point: { readonly name?: string; readonly at?: string },
  options: EditOptions,
): Promise<Point> {
  const { storage, clock, ids } = options
  const { name } = point
  const nowMs = await new StorageTime(clock).ask(storage, topicKeys(topic).time, 0)
  const at = point.at ?? new Date(nowMs).toISOString()
  if (Date.parse(at) > nowMs) throw notYet(at)
  const added = { ...(name === undefined ? {} : { name }), at }
  const edit = (index: Index): Index => {
    if (name !== undefined && readPoints(index).some((known) => known.name === name)) {
      throw nameTaken(topic, name)
    }
    return { ...index, points: [...index.points, added] }
  }
  await editIndex(storage, topic, { ids, edit })
  return added
}

/** @param which its name, or its moment where it has none. @throws CONFIG_INVALID when there is none; as editIndex */
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

/** Removes points without a name that no rule keeps. @returns what it removed. @throws as editIndex */
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

function asPoint(stored: JsonObject): Point | undefined {
  const { name, at } = stored
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined
  if (name === undefined) return { at }
  return typeof name === 'string' ? { name, at } : undefined
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
