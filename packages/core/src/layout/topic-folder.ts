import { KanneryError } from '@kannery/storage'

/** `Topic.validate` of Kafka's clients. */
const longestName = 249
const namePattern = /^[a-zA-Z0-9._-]+$/

/**
 * The name of a topic's folder: the topic's name. A dot at its start or end is written `%2E`,
 * because a storage's machinery and hidden files start with a dot, and Azure Blob and SMB drop one
 * at the end. `%` is in no topic's name.
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

/** The topic whose folder has this name; undefined when none has. */
export function topicOfFolder(folder: string): string | undefined {
  const topic = folder.replaceAll('%2E', '.')
  return isTopicName(topic) && topicFolder(topic) === folder ? topic : undefined
}

function isTopicName(text: string): boolean {
  return text.length <= longestName && namePattern.test(text) && text !== '.' && text !== '..'
}
