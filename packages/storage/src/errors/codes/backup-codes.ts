import type { ErrorCodeDescription } from '../error-code-description.ts'

/** Codes of errors about a backup: its lease, its index, its data, and restores from it. */
export type BackupErrorCode =
  | 'LEASE_HELD'
  | 'LEASE_LOST'
  | 'INDEX_MISSING'
  | 'INDEX_FOREIGN'
  | 'INDEX_WHOLE'
  | 'INDEX_OUTDATED'
  | 'DATA_CORRUPT'
  | 'DATA_VERSION_UNSUPPORTED'
  | 'RESTORE_INCOMPLETE'
  | 'VERIFY_FAILED'

/** Descriptions of the codes of errors about a backup. */
export const backupCodes: Readonly<Record<BackupErrorCode, ErrorCodeDescription>> = {
  LEASE_HELD: {
    exitStatus: 32,
    remedy: 'Wait until the other backup ends, or until its lease counts as orphaned.',
  },
  LEASE_LOST: {
    exitStatus: 33,
    remedy:
      'Another backup took over; what was committed is safe. Try again after that one has ended.',
  },
  INDEX_MISSING: {
    exitStatus: 34,
    remedy:
      'The segments exist but their index does not. Do not start a new backup; rebuild the index.',
  },
  INDEX_FOREIGN: {
    exitStatus: 35,
    remedy: 'This folder holds something else; it was left alone. Use another prefix.',
  },
  INDEX_WHOLE: { exitStatus: 38, remedy: 'There is nothing to repair; leave it as it is.' },
  INDEX_OUTDATED: {
    exitStatus: 39,
    remedy: 'An old index was put back. Put the newest one back, or rebuild it from the segments.',
  },
  DATA_CORRUPT: {
    exitStatus: 36,
    remedy: 'Verify the backup to find all that is damaged; the rest can be restored.',
    advice: { id: 'verify-backup', finding: 'damage' },
  },
  DATA_VERSION_UNSUPPORTED: {
    exitStatus: 37,
    remedy: 'Use a newer version of Kannery to work with this backup.',
  },
  RESTORE_INCOMPLETE: {
    exitStatus: 71,
    remedy: 'Not all of it was read. Start again to read what the backup holds now.',
  },
  VERIFY_FAILED: {
    exitStatus: 70,
    remedy: 'Keep both sides as they are; the report names every difference.',
  },
}
