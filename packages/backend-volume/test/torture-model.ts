import {
  KanneryError,
  type ObjectKey,
  objectKey,
  type StorageBackend,
  type StoredObject,
} from '@kannery/storage'

/** What the workers of torture.test.ts count together: each update names its author. */
export interface Counter {
  readonly n: number
  readonly by: Readonly<Record<string, number>>
}

export const counterKey = objectKey('topic/index')
export const lockKey = objectKey('topic/__lease')
/** A folder outside the storage that exists while a worker holds the lock. */
export const heldName = 'held'

/** Resolves with the content of an object and its version; undefined if there is no such object. */
export async function readText(
  backend: StorageBackend,
  key: ObjectKey,
): Promise<{ readonly text: string; readonly version: StoredObject['version'] } | undefined> {
  try {
    await using reader = await backend.get(key)
    const chunks: Uint8Array[] = []
    for await (const chunk of reader.body) chunks.push(chunk.slice())
    return { text: Buffer.concat(chunks).toString(), version: reader.info.version }
  } catch (error) {
    if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return undefined
    throw error
  }
}
