import type { Clock, StorageBackend } from '@kannery/storage'
import { requireIndex } from '../index-file/require-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { StorageTime } from '../lease/storage-time.ts'

interface Asked {
  readonly storage: StorageBackend
  readonly clock: Clock
}

/**
 * Returns the time by the storage's clock, never ahead of it, milliseconds. Writes into the topic's
 * folder.
 */
export async function storageNow(topic: string, { storage, clock }: Asked): Promise<number> {
  return await new StorageTime(clock).ask(storage, topicKeys(topic).time, 0)
}

/**
 * As {@link storageNow}, for a topic that must have a backup, so that a mistyped topic gets no
 * folder.
 *
 * @throws as requireIndex; STORAGE_*
 */
export async function timeOfBackup(topic: string, asked: Asked): Promise<number> {
  await requireIndex(asked.storage, topic)
  return await storageNow(topic, asked)
}
