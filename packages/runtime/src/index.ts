export { connectKafka, kafkaConnection } from './kafka/connect.ts'
export { findBackend } from './plugins/find-backend.ts'
export { listPlugins, type PluginListing, type PluginOrigin } from './plugins/list-plugins.ts'
export type { LoadedPlugin } from './plugins/load-plugin.ts'
export type { PackageOnDisk } from './plugins/package-on-disk.ts'
export { type AddPluginOptions, addPlugin } from './plugins/plugin-folder.ts'
export {
  type App,
  type PluginSources,
  pluginFolderVariable,
  pluginSources,
  pluginsVariable,
} from './plugins/plugin-sources.ts'
export { storageFromUrl } from './storage/configured-backend.ts'
export { openStorage, openWritableStorage, type StorageLocation } from './storage/open-storage.ts'
export type { OperationLatency } from './storage-check/latencies.ts'
export { probeStorage, type StorageProbe } from './storage-check/probe-storage.ts'
export {
  type CheckedPromise,
  type PromiseResult,
  type StorageVerification,
  type VerifyStorageOptions,
  verifyStorage,
} from './storage-check/verify-storage.ts'
export type { Environment } from './system.ts'
export { systemClock, systemRandom } from './system.ts'
export { type AcceptedIndex, acceptBackupIndex } from './work/accept-index.ts'
export {
  type BackupJob,
  type BackupObserver,
  type BackupReport,
  runBackup,
} from './work/backup.ts'
export {
  type ListedBackups,
  listBackups,
  showBackup,
  type UnreadableTopic,
} from './work/browse.ts'
export type { BackupProgress } from './work/capture-progress.ts'
export { type CatOptions, type CatRecord, catBackup } from './work/cat.ts'
export {
  type CopiedTopic,
  type CopyAdvance,
  type CopyOptions,
  type CopyReport,
  runCopy,
} from './work/copy.ts'
export { type CollectedGarbage, type CollectedTopic, collectGarbage } from './work/gc.ts'
export {
  addTopicHolds,
  listTopicHolds,
  removeTopicHolds,
  type TopicHold,
} from './work/holds.ts'
export type { JobContext, JobObserver } from './work/job-context.ts'
export {
  type BackupLease,
  type BackupLeases,
  breakBackupLease,
  findBackupLease,
  listBackupLeases,
} from './work/leases.ts'
export {
  addTopicPoints,
  listTopicPoints,
  type PointRules,
  removeTopicPoints,
  type TopicPoint,
  thinTopicPoints,
} from './work/points.ts'
export {
  type PruneBackupsOptions,
  type PrunedTopic,
  type PruneReport,
  pruneBackups,
  type TakenBackTopic,
  takeBackPruned,
} from './work/prune.ts'
export { type RebuiltIndex, rebuildBackupIndex } from './work/rebuild-index.ts'
export {
  type RestoreAdvance,
  type RestoreJob,
  type RestoreJobObserver,
  type RestoreJobReport,
  runRestore,
} from './work/restore.ts'
export { asKanneryError, type FailedTopic, type Outcome } from './work/topics/outcome.ts'
export type { PartitionSummary, TopicDetails, TopicSummary } from './work/topics/summary.ts'
export type { VerificationDepth, VerificationFinding } from './work/topics/topic-verifier.ts'
export type { LeaseOptions } from './work/topics/writer.ts'
export {
  type VerificationReport,
  type VerifiedHoldings,
  type VerifyOptions,
  verifyBackup,
} from './work/verify.ts'
