export { capture } from './capture/capture.ts'
export type { CaptureMode, CaptureOptions } from './capture/capture-options.ts'
export type {
  AnewReason,
  BegunIncarnation,
  CaptureCommittedEvent,
  CaptureGapEvent,
  CaptureObserver,
  CaptureOpenedEvent,
  CaptureProgressEvent,
  CaptureReport,
  FailedCapture,
  TopicReport,
} from './capture/observer.ts'
export type { SegmentLimits } from './capture/segments/segment-pipeline.ts'
export {
  parseTopicMatcher,
  selectTopics,
  type TopicMatcher,
  type TopicSelection,
} from './capture/topics/topic-matcher.ts'
export type { AclOperation } from './cluster/acl-operations.ts'
export type { KafkaClusterOptions } from './cluster/broker-router.ts'
export { assertNoKafkaError, type KafkaErrorFacts, kafkaError } from './cluster/errors.ts'
export { KafkaCluster } from './cluster/kafka-cluster.ts'
export type {
  Broker,
  ClusterMetadata,
  PartitionMetadata,
  TopicMetadata,
} from './cluster/metadata.ts'
export type { Isolation, OffsetPosition } from './cluster/offsets.ts'
export type { ActiveProducer, ProducerIdentity } from './cluster/producers.ts'
export type { TopicConfig } from './cluster/topic-config.ts'
export type { NewTopic } from './cluster/topics.ts'
export { parseBootstrapServers } from './configuration/bootstrap-servers.ts'
export {
  type ClientPropertiesContext,
  parseClientProperties,
} from './configuration/client-properties.ts'
export {
  defaultClientId,
  defaultConnectTimeoutMs,
  defaultRequestTimeoutMs,
  formatHostPort,
  type HostPort,
  type KafkaConnectionOptions,
  type SaslMechanism,
  type SaslOptions,
  type TlsOptions,
} from './configuration/connection-options.ts'
export {
  type KeyPassphrase,
  type PemFile,
  readAuthorities,
  readIdentity,
} from './configuration/pem-files.ts'
export type { BackupBatch } from './reading/backup-batch.ts'
export { BackupReader } from './reading/backup-reader.ts'
export type { BackupSource, ChunkReading } from './reading/backup-source.ts'
export type { MissingOffsets } from './reading/missing-offsets.ts'
export type { Choice, Selection } from './reading/selection.ts'
export type { RestoreWindow } from './reading/window.ts'
export type { KafkaHeader, KafkaRecord } from './record-batch/records.ts'
export { chooseTopics, type TopicChoice, type TopicEntry } from './restore/choose-topics.ts'
export {
  addOriginalOffset,
  dropHeaders,
  type RecordChanges,
  type RecordTransform,
} from './restore/records/record-stage.ts'
export type {
  ChosenIncarnation,
  RestoredPartition,
  RestorePlan,
  RestoreProgress,
  RestoreReport,
  RestoreSettings,
  TopicToRestore,
} from './restore/restore-options.ts'
export {
  type FailedRestore,
  RestoreRun,
  type RestoreRunOptions,
  type RestoreRunReport,
} from './restore/restore-run.ts'
export type { LeftOutSetting } from './restore/settings/accepted-settings.ts'
export type { RetentionChoice } from './restore/settings/topic-settings.ts'
export type { Difference } from './restore/verification/partition-comparison.ts'
export type { Verification } from './restore/verification/verify-target.ts'
export type { ApiVersionRange } from './transport/api-versions.ts'
export { BrokerConnection, type BrokerConnectionOptions } from './transport/broker-connection.ts'
export type { ApiCaller, BrokerRequest } from './transport/broker-request.ts'
