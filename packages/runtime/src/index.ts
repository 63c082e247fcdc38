export {
  type BackupLease,
  listBackupLeases,
  listBackups,
  showBackup,
  type UnreadableTopic,
} from './browse/browse.ts'
export { type CatOptions, type CatRecord, catBackup } from './browse/cat.ts'
export type { PartitionSummary, TopicDetails, TopicSummary } from './browse/summary.ts'
export {
  type KafkaConnectionFlags,
  keyPassphraseVariable,
  passwordVariable,
  resolveKafkaConnection,
  saslMechanisms,
} from './kafka/connection-flags.ts'
export { openStorage, type StorageLocation } from './storage/open-storage.ts'
export { parseStorageUrl } from './storage/storage-url.ts'
export { systemClock, systemRandom } from './system.ts'
export { parseDuration } from './values/duration.ts'
export { parseSize } from './values/size.ts'
export { parseTime } from './values/time.ts'
export { type BackupOptions, type BackupProgress, runBackup } from './work/backup.ts'
export { type RestoreWorkOptions, runRestore } from './work/restore.ts'
export { type VerificationReport, verifyBackup } from './work/verify.ts'
