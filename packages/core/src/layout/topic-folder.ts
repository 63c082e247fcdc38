import { KanneryError } from '@kannery/storage'

/** `Topic.validate` of Kafka's clients. */
const longestName = 249
const namePattern = /^[a-zA-Z0-9._-]+$/

/**
 * Returns the name of a topic's folder: the name of the topic, with a dot at its start or end
 * written as `%2E`. Hidden files and files of the storage itself start with a dot, and Azure Blob
 * and SMB drop one at the end. No topic's name contains `%`.
 *
 * @throws CONFIG_INVALID for what cannot be the name of a Kafka topic
 */
export function topicFolder(topic: string): string {
  if (!isTopicName(topic)) {
    throw new KanneryError('CONFIG_INVALID', `not a topic name: ${JSON.stringify(topic)}`, {
      why: `Kafka allows 1 to ${longestName} letters, digits, ".", "_" and "-", but not "." or ".."`,
      facts: { topic },
    })
  }
  return topic.replace(/^\./, '%2E').replace(/\.$/, '%2E')
}

/** Returns the topic whose folder has this name; undefined when it is not the folder of a topic. */
export function topicOfFolder(folder: string): string | undefined {
  const topic = folder.replaceAll('%2E', '.')
  return isTopicName(topic) && topicFolder(topic) === folder ? topic : undefined
}

function isTopicName(text: string): boolean {
  return text.length <= longestName && namePattern.test(text) && text !== '.' && text !== '..'
}
