import {
  addPoint,
  type KeepRules,
  type Point,
  readPoints,
  removePoint,
  thinPoints,
} from '@kannery/core/retention'
import type { StorageBackend } from '@kannery/storage'
import { openStorage, openWritableStorage } from '../storage/open-storage.ts'
import type { HoldsOptions } from './holds.ts'
import { eachTopic, type TopicResults } from './topics/each-topic.ts'
import { editing, indexOf, topicsOf } from './topics/topic-indexes.ts'

/** Which points without a name are kept. */
export type PointRules = KeepRules

/** A point in the backup of one topic. */
export interface TopicPoint extends Point {
  readonly topic: string
}

/**
 * Lists the points, topic by topic.
 *
 * @throws STORAGE_NOT_FOUND when there is no backup of the topic; as opening a storage does
 */
export async function listTopicPoints(
  options: Omit<HoldsOptions, 'onWarning'>,
): Promise<TopicResults<TopicPoint>> {
  await using storage = await openStorage(options.storage)
  return await eachPoint(storage, options, async (topic) =>
    readPoints(await indexOf(storage, topic)),
  )
}

/**
 * Adds a point to topics. Returns the points that were added.
 *
 * @param point `at`: a moment that has passed; defaults to now
 * @throws as core's addPoint, and as opening a storage does
 */
export async function addTopicPoints(
  point: { readonly name?: string | undefined; readonly at?: Date | undefined },
  options: HoldsOptions,
): Promise<TopicResults<TopicPoint>> {
  const { name, at } = point
  const wanted = {
    ...(name === undefined ? {} : { name }),
    ...(at === undefined ? {} : { at: at.toISOString() }),
  }
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  return await eachPoint(storage, options, async (topic) => [
    await addPoint(topic, wanted, editing(storage)),
  ])
}

/**
 * Removes a point from topics. Returns the points that were removed.
 *
 * @param which its name; its moment (ISO 8601) when it has no name
 * @throws CONFIG_INVALID when there is none
 */
export async function removeTopicPoints(
  which: string,
  options: HoldsOptions,
): Promise<TopicResults<TopicPoint>> {
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  return await eachPoint(storage, options, async (topic) => {
    const points = readPoints(await indexOf(storage, topic))
    const point = points.find(({ name, at }) => (name ?? at) === which)
    if (point === undefined && options.topic === undefined) return []
    await removePoint(topic, which, editing(storage))
    return point === undefined ? [] : [point]
  })
}

/**
 * Removes the points without a name that no rule keeps, topic by topic. Returns them.
 *
 * @throws as core's thinPoints
 */
export async function thinTopicPoints(
  rules: PointRules,
  options: HoldsOptions,
): Promise<TopicResults<TopicPoint>> {
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  return await eachPoint(storage, options, (topic) => thinPoints(topic, rules, editing(storage)))
}

async function eachPoint(
  storage: StorageBackend,
  options: Pick<HoldsOptions, 'topic'>,
  work: (topic: string) => Promise<readonly Point[]>,
): Promise<TopicResults<TopicPoint>> {
  const topics = await topicsOf(storage, options.topic)
  const { done, ...others } = await eachTopic(storage, topics, async (topic) =>
    (await work(topic)).map((point) => ({ topic, ...point })),
  )
  return { done: done.flat(), ...others }
}
