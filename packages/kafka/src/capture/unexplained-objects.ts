import { type NamedObject, topicKeys } from '@kannery/core'
import { KanneryError } from '@kannery/storage'

/** A warning: objects beside the index that no writer before us can have left. They are not touched. */
export function unexplainedObjects(topic: string, objects: readonly NamedObject[]): KanneryError {
  const keys = objects.map(({ id, kind }) => topicKeys(topic)[kind](id))
  return new KanneryError(
    'DATA_VERSION_UNSUPPORTED',
    `the folder of topic "${topic}" holds objects that are not of this backup, or of a later epoch or format`,
    {
      why: `no index names ${keys.join(', ')}; they were put there, or the index is older than they are`,
      remedy:
        'They were left alone. If an old index was put back by hand, rebuild it from the segments.',
      facts: { topic, objects: keys.length },
    },
  )
}
