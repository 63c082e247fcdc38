import type { ErrorCode, Retry } from '@kannery/storage'
import { errorNumbers, type KafkaErrorName } from '../protocol/error-numbers.ts'

/** What one of Kafka's errors means for a backup or restore. */
export interface KafkaMeaning {
  /** Kafka's name of the error; `error N` for a number that is not known here. */
  readonly name: string
  readonly code: ErrorCode
  readonly retry: Retry
  readonly why: string
  readonly remedy?: string
}

type Meaning = Omit<KafkaMeaning, 'name'>

const unhealthy = 'Check the health of the cluster: its brokers, disks and replicas.'

/**
 * Retry `same-request`: the broker is not ready, ask it again. `after-refresh`: another broker or
 * session is responsible now, ask for the metadata (or the session) again.
 */
const meanings: Readonly<Record<Exclude<KafkaErrorName, 'NONE'>, Meaning>> = {
  UNKNOWN_SERVER_ERROR: unexpected('the broker met an error of its own; its log says more'),
  OFFSET_OUT_OF_RANGE: {
    code: 'KAFKA_OFFSETS_LOST',
    retry: 'after-refresh',
    why: 'the broker does not have the offset that was asked for: retention deleted it, or the log was truncated',
  },
  CORRUPT_MESSAGE: {
    code: 'KAFKA_DATA_CORRUPT',
    retry: 'never',
    why: 'the broker found a batch whose checksum is wrong',
  },
  UNKNOWN_TOPIC_OR_PARTITION: {
    code: 'KAFKA_TOPIC_UNKNOWN',
    retry: 'after-refresh',
    why: 'the cluster has no such topic or partition, or does not show it to this user',
  },
  LEADER_NOT_AVAILABLE: moving('the partition has no leader at the moment'),
  NOT_LEADER_OR_FOLLOWER: moving('another broker leads the partition now'),
  REQUEST_TIMED_OUT: notReady('the brokers did not finish in time'),
  BROKER_NOT_AVAILABLE: moving('the broker is not available'),
  REPLICA_NOT_AVAILABLE: moving('the replica is not available on that broker'),
  MESSAGE_TOO_LARGE: rejected(
    'a batch is larger than the topic or broker takes (max.message.bytes)',
  ),
  NETWORK_EXCEPTION: notReady('the brokers could not reach each other'),
  COORDINATOR_LOAD_IN_PROGRESS: notReady('the coordinator is still loading its state'),
  COORDINATOR_NOT_AVAILABLE: moving('the coordinator is not available'),
  NOT_COORDINATOR: moving('another broker is the coordinator now'),
  INVALID_TOPIC_EXCEPTION: invalid('Kafka does not take this as the name of a topic'),
  RECORD_LIST_TOO_LARGE: rejected(
    'the batch is larger than a segment of the topic (segment.bytes)',
  ),
  NOT_ENOUGH_REPLICAS: notReady('fewer replicas are in sync than min.insync.replicas demands'),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: notReady(
    'fewer replicas are in sync than min.insync.replicas demands',
  ),
  TOPIC_AUTHORIZATION_FAILED: denied(),
  GROUP_AUTHORIZATION_FAILED: denied(),
  CLUSTER_AUTHORIZATION_FAILED: denied(),
  INVALID_TIMESTAMP: rejected(
    'a timestamp is further from now than the topic allows (message.timestamp.before.max.ms, message.timestamp.after.max.ms)',
  ),
  UNSUPPORTED_SASL_MECHANISM: authentication(
    'the broker does not offer this SASL mechanism on this listener',
  ),
  ILLEGAL_SASL_STATE: authentication(
    'the listener does not use SASL, or authentication was out of turn',
  ),
  UNSUPPORTED_VERSION: {
    code: 'KAFKA_UNSUPPORTED',
    retry: 'never',
    why: 'the broker does not know this version of the request',
    remedy: 'Use brokers of Apache Kafka 2.8 or newer.',
  },
  TOPIC_ALREADY_EXISTS: {
    code: 'KAFKA_TOPIC_NOT_EMPTY',
    retry: 'never',
    why: 'a topic of this name exists already',
  },
  INVALID_PARTITIONS: invalid('the cluster does not take this number of partitions'),
  INVALID_REPLICATION_FACTOR: invalid(
    'the cluster has fewer brokers than the replication factor demands',
  ),
  INVALID_CONFIG: invalid('the cluster does not take this configuration'),
  NOT_CONTROLLER: moving('another node is the controller now'),
  INVALID_REQUEST: unexpected('the broker could not make sense of the request'),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: {
    code: 'KAFKA_UNSUPPORTED',
    retry: 'never',
    why: 'the messages of this topic are in an old format that cannot do this',
  },
  POLICY_VIOLATION: invalid('a policy of the cluster forbids it'),
  OUT_OF_ORDER_SEQUENCE_NUMBER: unexpected('a batch of this producer is missing before this one'),
  DUPLICATE_SEQUENCE_NUMBER: unexpected('the broker has this batch already'),
  INVALID_PRODUCER_EPOCH: unexpected('another producer with the same id took over'),
  INVALID_TXN_STATE: unexpected('the transaction is in a state that does not allow this'),
  INVALID_PRODUCER_ID_MAPPING: unexpected('the broker does not know this producer id'),
  CONCURRENT_TRANSACTIONS: notReady('the transaction before it is still being completed'),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: denied(),
  SECURITY_DISABLED: {
    code: 'KAFKA_UNSUPPORTED',
    retry: 'never',
    why: 'the cluster has no authorizer',
  },
  KAFKA_STORAGE_ERROR: moving('a disk of the broker failed'),
  SASL_AUTHENTICATION_FAILED: authentication('the broker did not accept user and password'),
  UNKNOWN_PRODUCER_ID: unexpected('the broker does not know this producer id (any more)'),
  REASSIGNMENT_IN_PROGRESS: notReady('partitions are being moved'),
  FETCH_SESSION_ID_NOT_FOUND: moving('the broker dropped the fetch session'),
  INVALID_FETCH_SESSION_EPOCH: moving('the broker lost count of the fetch session'),
  LISTENER_NOT_FOUND: moving('the leader has no listener of this name'),
  FENCED_LEADER_EPOCH: moving('the partition has a newer leader epoch than we know'),
  UNKNOWN_LEADER_EPOCH: notReady('the broker does not know the leader epoch yet'),
  UNSUPPORTED_COMPRESSION_TYPE: rejected('the topic or broker does not take this compression'),
  OFFSET_NOT_AVAILABLE: notReady('the new leader does not know its high watermark yet'),
  INVALID_RECORD: rejected('the broker refuses the record: it does not fit the rules of the topic'),
  THROTTLING_QUOTA_EXCEEDED: {
    ...notReady('a quota of the cluster is used up'),
    remedy:
      'Try again later, or have the quota raised that the cluster gives this user or client id (controller_mutation_rate).',
  },
  PRODUCER_FENCED: unexpected('another producer with the same id took over'),
  UNKNOWN_TOPIC_ID: {
    code: 'KAFKA_TOPIC_UNKNOWN',
    retry: 'after-refresh',
    why: 'the topic was deleted (perhaps created again), or the broker has not heard of it yet',
  },
  INCONSISTENT_TOPIC_ID: {
    code: 'KAFKA_TOPIC_UNKNOWN',
    retry: 'after-refresh',
    why: 'the topic was deleted and created again',
  },
  FETCH_SESSION_TOPIC_ID_ERROR: moving('the fetch session mixes topics with and without ids'),
}

const namesByNumber = new Map<number, KafkaErrorName>(
  Object.entries(errorNumbers).map(([name, number]) => [number, name as KafkaErrorName]),
)

/** Looks up an error number of Kafka that is not 0. */
export function meaningOf(number: number): KafkaMeaning {
  const name = namesByNumber.get(number)
  return name === undefined || name === 'NONE'
    ? { name: `error ${number}`, ...unexpected('Kannery does not know this error number') }
    : { name, ...meanings[name] }
}

function notReady(why: string): Meaning {
  return { code: 'KAFKA_UNREACHABLE', retry: 'same-request', why, remedy: unhealthy }
}

function moving(why: string): Meaning {
  return { code: 'KAFKA_UNREACHABLE', retry: 'after-refresh', why, remedy: unhealthy }
}

function rejected(why: string): Meaning {
  return { code: 'KAFKA_RECORD_REJECTED', retry: 'never', why }
}

function denied(): Meaning {
  return { code: 'KAFKA_DENIED', retry: 'never', why: '' }
}

function authentication(why: string): Meaning {
  return { code: 'KAFKA_AUTHENTICATION_FAILED', retry: 'never', why }
}

function invalid(why: string): Meaning {
  return { code: 'CONFIG_INVALID', retry: 'never', why }
}

function unexpected(why: string): Meaning {
  return { code: 'KAFKA_PROTOCOL', retry: 'never', why }
}
