import { type Index, requireIndex } from '@kannery/core/index-file'
import type { Damage } from '@kannery/core/segment'
import type { StorageBackend } from '@kannery/storage'

/** The backup of one topic in a storage. */
export interface BackupSource {
  /** The storage with the backup. It is only read. */
  readonly storage: StorageBackend
  readonly topic: string
  /** Ends reading: every call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** How the chunks of a backup are read. */
export interface ChunkReading {
  /** Receives everything damaged, which is then left out. Without it, damage is thrown. */
  readonly onDamage?: ((damage: Damage) => void) | undefined
  /** Returns memory of exactly `length` bytes for a chunk. Defaults to new memory. */
  readonly allocate?: ((length: number) => Uint8Array) | undefined
}

/**
 * Reads the present index of a backup.
 *
 * @throws STORAGE_NOT_FOUND if there is no backup of the topic; INDEX_* if its index is lost,
 *   damaged or of a newer version; STORAGE_*.
 */
export async function readBackupIndex({ storage, topic, signal }: BackupSource): Promise<Index> {
  return (await requireIndex(storage, topic, signal === undefined ? {} : { signal })).index
}
