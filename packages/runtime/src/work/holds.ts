import { addHold, type Hold, readHolds, removeHold } from '@kannery/core/retention'
import type { KanneryError } from '@kannery/storage'
import { openStorage, openWritableStorage, type StorageLocation } from '../storage/open-storage.ts'
import { eachTopic, type TopicResults } from './topics/each-topic.ts'
import { editing, indexOf, topicsOf } from './topics/topic-indexes.ts'

export interface HoldsOptions {
  readonly storage: StorageLocation
  /** Name of one topic. Defaults to all topics of the storage. */
  readonly topic?: string
  readonly onWarning: (warning: KanneryError) => void
}

/** A hold on the backup of one topic. */
export interface TopicHold extends Hold {
  readonly topic: string
}

/**
 * Lists the holds, topic by topic.
 *
 * @throws STORAGE_NOT_FOUND when there is no backup of the topic; as opening a storage does
 */
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
 * Adds a hold to topics: from then on nothing of their backups is deleted. Returns the topics that
 * have it.
 *
 * @throws as core's addHold, and as opening a storage does
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
 * Removes a hold from topics. Returns the topics that had it.
 *
 * @throws CONFIG_INVALID when no topic has it; as core's removeHold
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
