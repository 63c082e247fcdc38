import { type Damage, type Index, requireIndex } from '@kannery/core'
import type { StorageBackend } from '@kannery/storage'

export interface ReadOptions {
  readonly storage: StorageBackend
  readonly topic: string
  /**
   * Told of everything damaged, which is then left out. Without it, damage is thrown
   * (DATA_CORRUPT).
   */
  readonly onDamage?: (damage: Damage) => void
  /** Memory for each chunk that is read, of exactly `length` bytes; new memory unless told. */
  readonly allocate?: (length: number) => Uint8Array
  readonly signal?: AbortSignal
}

/** @throws as core's requireIndex */
export async function openBackup({ storage, topic, signal }: ReadOptions): Promise<Index> {
  return (await requireIndex(storage, topic, signal === undefined ? {} : { signal })).index
}
