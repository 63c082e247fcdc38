import { KanneryError } from './kannery-error.ts'

/**
 * Returns whether `error` says that the condition of a write or deletion did not hold, so that this
 * request changed nothing: another writer was first, or an earlier attempt of the same write. The
 * codes are STORAGE_ALREADY_EXISTS and STORAGE_PRECONDITION_FAILED.
 */
export function isConflict(error: unknown): error is KanneryError {
  return KanneryError.is(error, 'STORAGE_ALREADY_EXISTS', 'STORAGE_PRECONDITION_FAILED')
}

/**
 * Returns whether `error` says that the objects of a topic are at fault and not the storage that
 * holds them: they are damaged, missing, of another origin, older than the rest, or of a newer
 * version of the format. The codes are DATA_CORRUPT, DATA_VERSION_UNSUPPORTED, INDEX_MISSING,
 * INDEX_FOREIGN and INDEX_OUTDATED.
 */
export function isBackupDamage(error: unknown): error is KanneryError {
  return KanneryError.is(
    error,
    'DATA_CORRUPT',
    'DATA_VERSION_UNSUPPORTED',
    'INDEX_MISSING',
    'INDEX_FOREIGN',
    'INDEX_OUTDATED',
  )
}
