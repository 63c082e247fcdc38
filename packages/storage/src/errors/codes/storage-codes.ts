import type { ErrorCodeDescription } from '../error-code-description.ts'

/** Codes of errors that a storage raises, or a decorator around it. */
export type StorageErrorCode =
  /** There is no such object. */
  | 'STORAGE_NOT_FOUND'
  /** The bucket, container or folder of the storage does not exist. */
  | 'STORAGE_CONTAINER_NOT_FOUND'
  /** The object does not have the range that was to be read. */
  | 'STORAGE_RANGE'
  /** The object exists, although a write demanded that it does not. */
  | 'STORAGE_ALREADY_EXISTS'
  /** The object does not have the version that a call demanded. */
  | 'STORAGE_PRECONDITION_FAILED'
  /** No answer said until the deadline whether a write was applied. Only decorators raise it. */
  | 'STORAGE_OUTCOME_UNKNOWN'
  /** Nothing was stored, and a streamed object has to be written again. */
  | 'STORAGE_REWRITE_NEEDED'
  /** The identity is known and may not do this. */
  | 'STORAGE_DENIED'
  /** The credentials are missing, wrong or out of date. */
  | 'STORAGE_UNAUTHENTICATED'
  /** The storage asks for fewer requests, and did not do this one. */
  | 'STORAGE_THROTTLED'
  /** The storage failed, could not be reached, or did not answer in time. */
  | 'STORAGE_UNAVAILABLE'
  /** The storage cannot do what was asked, or does not keep the contract. */
  | 'STORAGE_UNSUPPORTED'
  /** The storage has no space left. */
  | 'STORAGE_FULL'
  /** A change is visible, but a power failure may undo it. */
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
