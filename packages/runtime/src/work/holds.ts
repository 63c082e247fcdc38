import { addHold, type Hold, readHolds, removeHold } from '@kannery/core/retention'
import type { KanneryError } from '@kannery/storage'
import { openStorage, openWritableStorage, type StorageLocation } from '../storage/open-storage.ts'
import { eachTopic, type TopicResults } from './topics/each-topic.ts'
import { editing, indexOf, topicsOf } from './topics/topic-indexes.ts'

export interface HoldsOptions {
  readonly storage: StorageLocation
  /** All topics of the storage without it. */
  readonly topic?: string
  readonly onWarning: (warning: KanneryError) => void
}

export interface TopicHold extends Hold {
  readonly topic: string
}

/** @throws STORAGE_NOT_FOUND for a topic that is not there; as opening a storage does */
export async function listTopicHolds(
  options: Omit<HoldsOptions, 'onWarning'>,
): Promise<TopicResults<TopicHold>> {
  await using storage = await openStorage(options.storage)
  const topics = await topicsOf(storage, options.topic)
  const { done, ...others } = await eachTopic(storage, topics, async (topic) =>
    readHolds(await indexOf(storage, topic)).map((hold) => ({ topic, ...hold })),
  )
  return { done: done.flat(), ...others }
}

/**
 * Done are the topics of which nothing goes from now on. @throws as core's addHold, and as opening
 * a storage does
 */
export async function addTopicHolds(
  hold: Pick<Hold, 'name' | 'reason'>,
  options: HoldsOptions,
): Promise<TopicResults<string>> {
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  const topics = await topicsOf(storage, options.topic)
  return await eachTopic(storage, topics, async (topic) => {
    await addHold(topic, hold, editing(storage))
    return topic
  })
}

/**
 * Done are the topics that had the hold. @throws CONFIG_INVALID when none has; as core's removeHold
 */
export async function removeTopicHolds(
  name: string,
  options: HoldsOptions,
): Promise<TopicResults<string>> {
  await using storage = await openWritableStorage(options.storage, options.onWarning)
  const topics = await topicsOf(storage, options.topic)
  const { done, ...others } = await eachTopic(storage, topics, async (topic) => {
    const holds = readHolds(await indexOf(storage, topic))
    if (options.topic === undefined && !holds.some((hold) => hold.name === name)) return []
    await removeHold(topic, name, editing(storage))
    return [topic]
  })
  return { done: done.flat(), ...others }
}
