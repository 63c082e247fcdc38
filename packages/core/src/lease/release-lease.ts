import {
  KanneryError,
  type ObjectKey,
  type ObjectVersion,
  type StorageBackend,
} from '@kannery/storage'
import { topicKeys } from '../layout/keys.ts'
import { putCertainly } from '../objects/put-certainly.ts'
import type { HeldLease } from './acquire-lease.ts'
import { encodeLeaseFile } from './lease-files.ts'

/** Where a lease is released, and who is warned. */
export interface ReleaseOptions {
  readonly storage: StorageBackend
  readonly onWarning: (warning: KanneryError) => void
}

/** How many times a deletion is sent while no answer comes. */
const maxDeletions = 4

/**
 * Releases the lease, so that the next writer can take it at once. A lease that another worker took
 * over meanwhile is left alone.
 *
 * Where the storage does not support conditional deletion, or deletion is denied, `released` is
 * first written into the lease, under a condition. A writer that takes the lease before it is then
 * deleted loses the lease and nothing else: its epoch in the index protects it. Where a deleted
 * object cannot be created again, the released lease stays.
 *
 * @throws STORAGE_*
 */
export async function releaseLease(held: HeldLease, options: ReleaseOptions): Promise<void> {
  const { storage, onWarning } = options
  const { ifAbsentAfterDelete, ifVersionDelete } = storage.capabilities
  const key = topicKeys(held.lease.topic).lease
  if (!ifAbsentAfterDelete) {
    await markReleased(storage, key, held)
    return
  }
  if (!ifVersionDelete && !(await markReleased(storage, key, held))) return
  try {
    await (ifVersionDelete ? deleteVersion(storage, key, held.version) : storage.delete(key))
  } catch (error) {
    if (!KanneryError.is(error, 'STORAGE_DENIED')) throw error
    const isReleased = !ifVersionDelete || (await markReleased(storage, key, held))
    if (isReleased) onWarning(deletionDenied(key, error))
  }
}

/**
 * Deletes that version, or finds that it is gone. A request that arrives late deletes no other
 * version.
 */
async function deleteVersion(
  storage: StorageBackend,
  key: ObjectKey,
  version: ObjectVersion,
): Promise<void> {
  for (let sent = 1; ; sent++) {
    try {
      return await storage.delete(key, { ifVersion: version })
    } catch (error) {
      if (KanneryError.is(error, 'STORAGE_PRECONDITION_FAILED')) return
      if (!KanneryError.is(error, 'STORAGE_OUTCOME_UNKNOWN') || sent === maxDeletions) throw error
    }
  }
}

/**
 * Writes `released` into the lease.
 *
 * @returns false when the lease has another version by now
 */
export async function markReleased(
  storage: StorageBackend,
  key: ObjectKey,
  { lease, version }: Pick<HeldLease, 'lease' | 'version'>,
): Promise<boolean> {
  const body = encodeLeaseFile({ ...lease, state: 'released' })
  const condition = { kind: 'if-version', version } as const
  return (await putCertainly(storage, key, body, { condition })).kind === 'written'
}

function deletionDenied(key: ObjectKey, cause: unknown): KanneryError {
  return new KanneryError('STORAGE_DENIED', `the lease ${key} cannot be deleted`, {
    cause,
    why: 'the permission to delete objects is missing; the lease says "released" instead, and the next backup takes it at once',
    remedy:
      'Nothing has to be done. Give this identity the permission to delete, and no such file remains.',
    facts: { key },
  })
}
