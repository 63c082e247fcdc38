import { type CallOptions, KanneryError, type StorageBackend } from '@kannery/storage'
import { holdsSegments } from '../layout/list-topics.ts'
import { indexMissing } from './format/errors.ts'
import { readIndex, type StoredIndex } from './read-index.ts'

/**
 * The index of a topic whose backup has to be there.
 *
 * @throws INDEX_MISSING where segments are there without the index that names them;
 *   STORAGE_NOT_FOUND where there is no backup of the topic at all; as readIndex
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

/** For a caller that has just not found the index. */
export async function whyNoIndex(storage: StorageBackend, topic: string): Promise<KanneryError> {
  if (await holdsSegments(storage, topic)) {
    return indexMissing(topic, 'segments are there, but not the index that names them')
  }
  return new KanneryError('STORAGE_NOT_FOUND', `the storage holds no backup of topic "${topic}"`, {
    facts: { topic },
  })
}
