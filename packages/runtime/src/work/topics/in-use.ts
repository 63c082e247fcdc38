import { BackupUse } from '@kannery/core/retention'
import { KanneryError } from '@kannery/storage'
import { openUnprobedStorage, type StorageLocation } from '../../storage/open-storage.ts'
import { editing } from './topic-indexes.ts'
import { nameWriter } from './writer.ts'

/**
 * Marks the backups of topics as in use until it is disposed of: their retention deletes nothing
 * then. Reads and writes through a handle of its own, so that the one that is read with is never
 * asked to write. Credentials that may only read suffice: then there is no mark.
 */
export async function markInUse(
  topics: readonly string[],
  location: StorageLocation,
  onWarning: (warning: KanneryError) => void,
): Promise<AsyncDisposable> {
  const storage = await orNothing(() => openUnprobedStorage(location))
  if (storage === undefined) return { [Symbol.asyncDispose]: async () => undefined }
  const reason = `it is being restored by ${nameWriter(location.plugins.app.version)}`
  const uses: BackupUse[] = []
  for (const topic of topics) {
    const use = await orNothing(() =>
      BackupUse.begin(topic, reason, { ...editing(storage), onWarning }),
    )
    if (use !== undefined) uses.push(use)
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const use of uses) await use[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
    },
  }
}

/** What is wrong with the storage is reported by the restore, which reads it. */
async function orNothing<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!KanneryError.is(error)) throw error
    return undefined
  }
}
