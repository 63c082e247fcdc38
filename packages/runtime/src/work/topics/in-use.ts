import { BackupUse } from '@kannery/core/retention'
import { KanneryError } from '@kannery/storage'
import { openUnprobedStorage, type StorageLocation } from '../../storage/open-storage.ts'
import { editing } from './editing.ts'
import { nameWriter } from './writer.ts'

/**
 * Marks a topic's backup as in use until it is disposed of: its retention deletes nothing then.
 * Reads and writes through a handle of its own, so that the one that is read with is never asked to
 * write. Credentials that may only read suffice: then there is no mark.
 */
export async function markInUse(
  topic: string,
  location: StorageLocation,
  onWarning: (warning: KanneryError) => void,
): Promise<AsyncDisposable> {
  try {
    const storage = await openUnprobedStorage(location)
    const reason = `it is being restored by ${nameWriter(location.plugins.app.version)}`
    const use = await BackupUse.begin(topic, reason, { ...editing(storage), onWarning })
    return {
      async [Symbol.asyncDispose]() {
        await use[Symbol.asyncDispose]()
        await storage[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    // What is wrong with the storage is reported by who reads it.
    if (!KanneryError.is(error)) throw error
    return { [Symbol.asyncDispose]: async () => undefined }
  }
}
