import {
  addPoint,
  type KeepRules,
  type Point,
  readPoints,
  removePoint,
  thinPoints,
} from '@kannery/core'
import { openStorage, openWritableStorage } from '../storage/open-storage.ts'
import { systemClock } from '../system.ts'
import { parseTime } from '../values/time.ts'
import { editing } from './editing.ts'
import type { HoldsOptions } from './holds.ts'
import { indexOf, topicsOf } from './topics-of.ts'

export type PointRules = KeepRules

export interface TopicPoint extends Point {
  readonly topic: string
}

/** @throws STORAGE_NOT_FOUND for a topic that is not there; as opening a storage does */
export async function listTopicPoints(
  options: Omit<HoldsOptions, 'onWarning'>,
): Promise<readonly TopicPoint[]> {
  await using storage = await openStorage(options.storage)
  const points: TopicPoint[] = []
  for (const topic of await topicsOf(storage, options.topic)) {
    for (const point of readPoints(await indexOf(storage, topic))) points.push({ topic, ...point })
  }
  return points
}

/** @param point `at`: as parseTime reads it; now without it. @throws as core's addPoint, and as opening a storage does */
export async function addTopicPoints(
  point: { readonly name?: string; readonly at?: string },
  options: HoldsOptions,
): Promise<readonly TopicPoint[]> {
  const { name, at } = point
  const moment = at === undefined ? undefined : parseTime(at, systemClock.now())
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  const points: TopicPoint[] = []
  for (const topic of await topicsOf(storage, options.topic)) {
    const wanted = {
      ...(name === undefined ? {} : { name }),
      ...(moment === undefined ? {} : { at: new Date(moment).toISOString() }),
    }
    points.push({ topic, ...(await addPoint(topic, wanted, editing(storage))) })
  }
  return points
}

/** @param which its name, or its moment where it has none. Returns what was removed. @throws CONFIG_INVALID when there is none */
export async function removeTopicPoints(
  which: string,
  options: HoldsOptions,
): Promise<readonly TopicPoint[]> {
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  const removed: TopicPoint[] = []
  for (const topic of await topicsOf(storage, options.topic)) {
    const points = readPoints(await indexOf(storage, topic))
    const point = points.find(({ name, at }) => (name ?? at) === which)
    if (point === undefined && options.topic === undefined) continue
    await removePoint(topic, which, editing(storage))
    if (point !== undefined) removed.push({ topic, ...point })
  }
  return removed
}

/** Removes points without a name that no rule keeps, topic by topic. Returns them. @throws as core's thinPoints */
export async function thinTopicPoints(
  rules: PointRules,
  options: HoldsOptions,
): Promise<readonly TopicPoint[]> {
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  const removed: TopicPoint[] = []
  for (const topic of await topicsOf(storage, options.topic)) {
    for (const point of await thinPoints(topic, rules, editing(storage))) {
      removed.push({ topic, ...point })
    }
  }
  return removed
}
