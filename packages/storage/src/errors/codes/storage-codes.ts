import type { ErrorCodeDescription } from '../error-code-description.ts'

/** Codes of errors that a storage raises, or a decorator around it. */
export type StorageErrorCode =
  | 'STORAGE_NOT_FOUND'
  | 'STORAGE_CONTAINER_NOT_FOUND'
  | 'STORAGE_RANGE'
  | 'STORAGE_ALREADY_EXISTS'
  | 'STORAGE_PRECONDITION_FAILED'
  | 'STORAGE_OUTCOME_UNKNOWN'
  | 'STORAGE_REWRITE_NEEDED'
  | 'STORAGE_DENIED'
  | 'STORAGE_UNAUTHENTICATED'
  | 'STORAGE_THROTTLED'
  | 'STORAGE_UNAVAILABLE'
  | 'STORAGE_UNSUPPORTED'
  | 'STORAGE_FULL'
  | 'STORAGE_NOT_DURABLE'

/** Descriptions of the codes of errors of a storage. */
export const storageCodes: Readonly<Record<StorageErrorCode, ErrorCodeDescription>> = {
  STORAGE_NOT_FOUND: {
    exitStatus: 10,
    remedy: 'Check the name.',
    advice: { id: 'list-backups' },
  },
  STORAGE_CONTAINER_NOT_FOUND: {
    exitStatus: 11,
    remedy: 'Create the bucket, container or folder, or correct the storage URL.',
  },
  STORAGE_RANGE: {
    exitStatus: 12,
    remedy: 'The object is shorter than the index says. Verify the backup.',
    advice: { id: 'verify-backup', finding: 'short-object' },
  },
  STORAGE_ALREADY_EXISTS: { exitStatus: 13, remedy: 'Nothing was overwritten. Try again.' },
  STORAGE_PRECONDITION_FAILED: {
    exitStatus: 14,
    remedy: 'Another writer changed the object meanwhile; nothing was overwritten. Try again.',
  },
  STORAGE_OUTCOME_UNKNOWN: {
    exitStatus: 15,
    remedy:
      'The storage did not answer. Nothing was deleted; the next run finds out what was stored.',
  },
  STORAGE_REWRITE_NEEDED: { exitStatus: 16, remedy: 'Nothing was stored. Try again.' },
  STORAGE_DENIED: {
    exitStatus: 17,
    remedy: 'Give this identity the permission that the message names.',
  },
  STORAGE_UNAUTHENTICATED: { exitStatus: 18, remedy: 'Check the credentials of the storage.' },
  STORAGE_THROTTLED: {
    exitStatus: 19,
    remedy: 'The storage asks for fewer requests. Try again later.',
  },
  STORAGE_UNAVAILABLE: {
    exitStatus: 20,
    remedy: 'Check that the storage can be reached, then try again.',
  },
  STORAGE_UNSUPPORTED: {
    exitStatus: 21,
    remedy: 'Use a storage that keeps the promises of docs/providers.md.',
  },
  STORAGE_FULL: {
    exitStatus: 22,
    remedy: 'Free some space. What was committed is safe; the backup continues from there.',
  },
  STORAGE_NOT_DURABLE: {
    exitStatus: 23,
    remedy: 'Check the disk, then try again. What was committed before is safe.',
  },
}
