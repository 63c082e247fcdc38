export type { AclOperation } from './cluster/acl-operations.ts'
export type { NewTopic } from './cluster/create-topics.ts'
export { assertNoKafkaError, type KafkaErrorFacts, kafkaError } from './cluster/errors.ts'
export {
  type ActiveProducer,
  KafkaCluster,
  type KafkaClusterOptions,
  type ProducerIdentity,
  type TopicConfig,
} from './cluster/kafka-cluster.ts'
export type { Isolation, OffsetPosition } from './cluster/list-offsets.ts'
export type {
  Broker,
  ClusterMetadata,
  PartitionMetadata,
  TopicMetadata,
} from './cluster/metadata.ts'
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
export type { ApiVersionRange } from './transport/api-versions.ts'
export {
  BrokerConnection,
  type BrokerConnectionOptions,
  type BrokerRequest,
  maxFrameBytes,
} from './transport/broker-connection.ts'
