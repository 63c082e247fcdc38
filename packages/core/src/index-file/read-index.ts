import type { CallOptions, ObjectVersion, StorageBackend } from '@kannery/storage'
import { type ReadObject, readObject } from '@kannery/storage/client'
import { topicKeys } from '../layout/keys.ts'
import { parseIndex } from './format/index-document.ts'
import { type Index, maxIndexBytes } from './format/model.ts'

/** An index as it was read from the storage. */
export interface StoredIndex {
  readonly index: Index
  /** Version of the object, for a conditional write. */
  readonly version: ObjectVersion
  /** Size of the object, bytes. */
  readonly bytes: number
}

/**
 * Reads a topic's index; undefined only when there is none.
 *
 * @throws as parseIndex, and STORAGE_*
 */
export async function readIndex(
  storage: StorageBackend,
  topic: string,
  options: CallOptions = {},
): Promise<StoredIndex | undefined> {
  const limits = { ...options, maxBytes: maxIndexBytes }
  const object = await readObject(storage, topicKeys(topic).index, limits)
  return object && storedIndex(object, topic)
}

/**
 * Parses an index that was read as an object.
 *
 * @throws as parseIndex
 */
export function storedIndex({ info, bytes }: ReadObject, topic: string): StoredIndex {
  return { index: parseIndex(bytes, topic), version: info.version, bytes: bytes.length }
}
