export { type DocumentList, formatDocuments, listOf } from './format-documents.ts'
export type { Backup, BackupDocument } from './kinds/backup.ts'
export { apiVersion } from './kinds/envelope.ts'
export type { KafkaCluster, KafkaClusterDocument } from './kinds/kafka-cluster.ts'
export {
  type Resource,
  type ResourceDocument,
  type ResourceKind,
  resourceKinds,
  schemas,
} from './kinds/kinds.ts'
export type { Restore, RestoreDocument } from './kinds/restore.ts'
export type { Storage, StorageDocument } from './kinds/storage.ts'
export {
  parseDocument,
  parseDocuments,
  type ReadDocuments,
  readDocument,
  readDocuments,
} from './parsing/parse-documents.ts'
export { type DocumentProblem, formatProblem, invalidDocuments } from './parsing/problem.ts'
export type { DocumentText } from './parsing/read-text.ts'
export { type ReadTexts, readTexts, type SourcedDocument } from './read-texts.ts'
export { type Job, jobsOf } from './references.ts'
export type { SecretReference } from './values/secret-reference.ts'
