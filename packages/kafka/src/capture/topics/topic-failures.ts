import { type NamedObject, topicKeys } from '@kannery/core/layout'
import { KanneryError } from '@kannery/storage'

/** Warns that another topic has the name now. */
export function topicRecreated(
  topic: string,
  ids: { readonly backup: string; readonly cluster: string },
): KanneryError {
  return new KanneryError('KAFKA_TOPIC_MISMATCH', `topic "${topic}" is not the one in the backup`, {
    why: `it was deleted and created again: its id is ${ids.cluster}, the backup is of ${ids.backup}`,
    remedy:
      'What was committed is kept. The backup continues with a new incarnation of the topic, from the start of its log.',
    facts: { topic, topicId: ids.cluster, backupTopicId: ids.backup },
  })
}

/** Explains that a broker does not know yet that the topic was deleted. */
export function topicOutdated(topic: string, topicId: string): KanneryError {
  return new KanneryError(
    'KAFKA_UNREACHABLE',
    `a broker describes topic "${topic}" as it was before it was deleted`,
    {
      retry: 'after-refresh',
      why: `its id is ${topicId}, and the backup has a later topic of that name: the broker does not know it yet`,
      remedy: 'Run the backup again: brokers catch up within seconds.',
      facts: { topic, topicId },
    },
  )
}

/** Warns that a topic is read again because some batch was not what its producer wrote. */
export function readAgain(topic: string, damage: KanneryError): KanneryError {
  const { message, why = message, facts } = damage
  return new KanneryError(
    'KAFKA_DATA_CORRUPT',
    `topic "${topic}" is read again: a batch is damaged`,
    {
      why: `${why}; nothing of it was committed`,
      remedy:
        'It continues from the last commit, and checks each batch as it comes. If that finds no damage, test the network and the memory of this machine.',
      facts: { ...facts, topic },
      cause: damage,
    },
  )
}

/** Explains that the topic does not exist any more. */
export function topicDeleted(topic: string): KanneryError {
  return new KanneryError('KAFKA_TOPIC_UNKNOWN', `topic "${topic}" was deleted during the backup`, {
    why: 'the cluster does not know it any more',
    remedy: 'What was committed is safe.',
    facts: { topic },
  })
}

/**
 * Warns of objects beside the index that no earlier writer can have left. They are not touched.
 */
export function unexplainedObjects(topic: string, objects: readonly NamedObject[]): KanneryError {
  const keys = objects.map(({ id, kind }) => topicKeys(topic)[kind](id))
  return new KanneryError(
    'DATA_VERSION_UNSUPPORTED',
    `the folder of topic "${topic}" holds objects that do not belong to this backup, or have a later format`,
    {
      why: `no index names ${keys.join(', ')}; they were copied there, or a newer version wrote them`,
      remedy: 'They were not changed. Move them away if they are not wanted.',
      facts: { topic, objects: keys.length },
    },
  )
}
