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

export type PointRules = KeepRules

export interface TopicPoint extends Point {
  readonly topic: string
}

/** @throws STORAGE_NOT_FOUND for a topic that is not there; as opening a storage does */
export async function listTopicPoints(
  options: Omit<HoldsOptions, 'onWarning'>,
): Promise<TopicResults<TopicPoint>> {
  await using storage = await openStorage(options.storage)
  return await eachPoint(storage, options, async (topic) =>
    readPoints(await indexOf(storage, topic)),
  )
}

/**
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
 * @param which its name, or its moment where it has none. Returns what was removed. @throws
 *   CONFIG_INVALID when there is none
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
 * Removes points without a name that no rule keeps, topic by topic. Returns them. @throws as core's
 * thinPoints
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
