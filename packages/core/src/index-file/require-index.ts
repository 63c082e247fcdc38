import { type CallOptions, KanneryError, type StorageBackend } from '@kannery/storage'
import { holdsSegments } from '../layout/list-topics.ts'
import { indexMissing } from './format/errors.ts'
import { readIndex, type StoredIndex } from './read-index.ts'

/**
 * Reads the index of a topic that must have a backup.
 *
 * @throws INDEX_MISSING when there are segments without the index that names them;
 *   STORAGE_NOT_FOUND when there is no backup of the topic; as readIndex
 */
export async function requireIndex(
  storage: StorageBackend,
  topic: string,
  options: CallOptions = {},
): Promise<StoredIndex> {
  const stored = await readIndex(storage, topic, options)
  if (stored === undefined) throw await whyNoIndex(storage, topic)
  return stored
}

/** Makes the error for an index that was not found: INDEX_MISSING or STORAGE_NOT_FOUND. */
export async function whyNoIndex(storage: StorageBackend, topic: string): Promise<KanneryError> {
  if (await holdsSegments(storage, topic)) {
    return indexMissing(topic, 'there are segments, but not the index that names them')
  }
  return new KanneryError('STORAGE_NOT_FOUND', `the storage holds no backup of topic "${topic}"`, {
    facts: { topic },
  })
}
