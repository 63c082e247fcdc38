import { type NamedObject, topicKeys } from '@kannery/core/layout'
import { KanneryError } from '@kannery/storage'

/**
 * A warning: objects beside the index that no writer before us can have left. They are not touched.
 */
export function unexplainedObjects(topic: string, objects: readonly NamedObject[]): KanneryError {
  const keys = objects.map(({ id, kind }) => topicKeys(topic)[kind](id))
  return new KanneryError(
    'DATA_VERSION_UNSUPPORTED',
    `the folder of topic "${topic}" holds objects that are not of this backup, or of a later format`,
    {
      why: `no index names ${keys.join(', ')}; they were put there, or a newer version wrote them`,
      remedy: 'They were left alone. Move them away if they are not wanted.',
      facts: { topic, objects: keys.length },
    },
  )
}
