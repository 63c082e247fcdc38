import { type Damage, type Index, readIndex } from '@kannery/core'
import { KanneryError, type StorageBackend } from '@kannery/storage'

export interface ReadOptions {
  readonly storage: StorageBackend
  readonly topic: string
  /** Told of everything damaged, which is then left out. Without it, damage is thrown (DATA_CORRUPT). */
  readonly onDamage?: (damage: Damage) => void
  /** Memory for each chunk that is read, of exactly `length` bytes; new memory unless told. */
  readonly allocate?: (length: number) => Uint8Array
  readonly signal?: AbortSignal
}

/** @throws STORAGE_NOT_FOUND when there is no backup of the topic, and all that reading an index throws. */
export async function openBackup({ storage, topic, signal }: ReadOptions): Promise<Index> {
  const found = await readIndex(storage, topic, signal === undefined ? {} : { signal })
  if (found !== undefined) return found.index
  throw new KanneryError('STORAGE_NOT_FOUND', `the storage holds no backup of topic "${topic}"`, {
    facts: { topic },
  })
}
