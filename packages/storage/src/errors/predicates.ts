import { KanneryError } from './kannery-error.ts'

/**
 * Whether the condition of a write did not hold, so that nothing was changed: another writer was
 * first, or an earlier attempt of the same write.
 */
export function isConflict(error: unknown): error is KanneryError {
  return KanneryError.is(error, 'STORAGE_ALREADY_EXISTS', 'STORAGE_PRECONDITION_FAILED')
}

/**
 * Whether the objects of a topic are at fault and not the storage that holds them: damaged,
 * missing, of another origin, older than the rest, or of a newer version of the format.
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
