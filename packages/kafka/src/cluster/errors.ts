import { type ErrorCode, KanneryError, type Retry } from '@kannery/storage'

/** What was asked, as far as the place that got the error number knows. */
export interface KafkaErrorFacts {
  /** Kafka's name of the request, for example `Fetch`. */
  readonly api: string
  /**
   * The ACL operation that the request needs, as `kafka-acls --operation` takes it, for example
   * `Read`.
   */
  readonly operation?: string
  readonly topic?: string
  readonly partition?: number
  readonly group?: string
  readonly broker?: string
  /** How long to wait, milliseconds, where the broker refuses because of a quota. */
  readonly throttleTimeMs?: number
  /** The broker's own words, where the answer has them. */
  readonly detail?: string | null | undefined
}

interface Meaning {
  readonly name: string
  readonly code: ErrorCode
  readonly retry: Retry
  readonly why: string
  readonly remedy?: string
}

const unhealthy = 'Check the health of the cluster: its brokers, disks and replicas.'

/**
 * Kafka's error numbers (org.apache.kafka.common.protocol.Errors) that a backup or restore can
 * meet. `same-request`: the broker is not ready, ask it again. `after-refresh`: somebody else has
 * it now, ask for the metadata (or the session) again.
 */
const meanings: Readonly<Record<number, Meaning>> = {
  [-1]: unexpected('UNKNOWN_SERVER_ERROR', 'the broker met an error of its own; its log says more'),
  1: {
    name: 'OFFSET_OUT_OF_RANGE',
    code: 'KAFKA_OFFSETS_LOST',
    retry: 'after-refresh',
    why: 'the broker does not have the offset that was asked for: retention deleted it, or the log was truncated',
  },
  2: {
    name: 'CORRUPT_MESSAGE',
    code: 'KAFKA_DATA_CORRUPT',
    retry: 'never',
    why: 'the broker found a batch whose checksum is wrong',
  },
  3: {
    name: 'UNKNOWN_TOPIC_OR_PARTITION',
    code: 'KAFKA_TOPIC_UNKNOWN',
    retry: 'after-refresh',
    why: 'the cluster has no such topic or partition, or does not show it to this user',
  },
  5: moving('LEADER_NOT_AVAILABLE', 'the partition has no leader at the moment'),
  6: moving('NOT_LEADER_OR_FOLLOWER', 'another broker leads the partition now'),
  7: notReady('REQUEST_TIMED_OUT', 'the brokers did not finish in time'),
  8: moving('BROKER_NOT_AVAILABLE', 'the broker is not available'),
  9: moving('REPLICA_NOT_AVAILABLE', 'the replica is not available on that broker'),
  10: rejected(
    'MESSAGE_TOO_LARGE',
    'a batch is larger than the topic or broker takes (max.message.bytes)',
  ),
  13: notReady('NETWORK_EXCEPTION', 'the brokers could not reach each other'),
  14: notReady('COORDINATOR_LOAD_IN_PROGRESS', 'the coordinator is still loading its state'),
  15: moving('COORDINATOR_NOT_AVAILABLE', 'the coordinator is not available'),
  16: moving('NOT_COORDINATOR', 'another broker is the coordinator now'),
  17: invalid('INVALID_TOPIC_EXCEPTION', 'Kafka does not take this as the name of a topic'),
  18: rejected(
    'RECORD_LIST_TOO_LARGE',
    'the batch is larger than a segment of the topic (segment.bytes)',
  ),
  19: notReady(
    'NOT_ENOUGH_REPLICAS',
    'fewer replicas are in sync than min.insync.replicas demands',
  ),
  20: notReady(
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'fewer replicas are in sync than min.insync.replicas demands',
  ),
  29: denied('TOPIC_AUTHORIZATION_FAILED'),
  30: denied('GROUP_AUTHORIZATION_FAILED'),
  31: denied('CLUSTER_AUTHORIZATION_FAILED'),
  32: rejected(
    'INVALID_TIMESTAMP',
    'a timestamp is further from now than the topic allows (message.timestamp.before.max.ms, message.timestamp.after.max.ms)',
  ),
  33: authentication(
    'UNSUPPORTED_SASL_MECHANISM',
    'the broker does not offer this SASL mechanism on this listener',
  ),
  34: authentication(
    'ILLEGAL_SASL_STATE',
    'the listener does not use SASL, or authentication was out of turn',
  ),
  35: {
    name: 'UNSUPPORTED_VERSION',
    code: 'KAFKA_UNSUPPORTED',
    retry: 'never',
    why: 'the broker does not know this version of the request',
    remedy: 'Use brokers of Apache Kafka 2.8 or newer.',
  },
  36: {
    name: 'TOPIC_ALREADY_EXISTS',
    code: 'KAFKA_TOPIC_NOT_EMPTY',
    retry: 'never',
    why: 'a topic of this name exists already',
  },
  37: invalid('INVALID_PARTITIONS', 'the cluster does not take this number of partitions'),
  38: invalid(
    'INVALID_REPLICATION_FACTOR',
    'the cluster has fewer brokers than the replication factor demands',
  ),
  40: invalid('INVALID_CONFIG', 'the cluster does not take this configuration'),
  41: moving('NOT_CONTROLLER', 'another node is the controller now'),
  42: unexpected('INVALID_REQUEST', 'the broker could not make sense of the request'),
  43: {
    name: 'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    code: 'KAFKA_UNSUPPORTED',
    retry: 'never',
    why: 'the messages of this topic are in an old format that cannot do this',
  },
  44: invalid('POLICY_VIOLATION', 'a policy of the cluster forbids it'),
  45: unexpected(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'a batch of this producer is missing before this one',
  ),
  46: unexpected('DUPLICATE_SEQUENCE_NUMBER', 'the broker has this batch already'),
  47: unexpected('INVALID_PRODUCER_EPOCH', 'another producer with the same id took over'),
  48: unexpected('INVALID_TXN_STATE', 'the transaction is in a state that does not allow this'),
  49: unexpected('INVALID_PRODUCER_ID_MAPPING', 'the broker does not know this producer id'),
  51: notReady('CONCURRENT_TRANSACTIONS', 'the transaction before it is still being completed'),
  53: denied('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'),
  54: {
    name: 'SECURITY_DISABLED',
    code: 'KAFKA_UNSUPPORTED',
    retry: 'never',
    why: 'the cluster has no authorizer',
  },
  56: moving('KAFKA_STORAGE_ERROR', 'a disk of the broker failed'),
  58: authentication('SASL_AUTHENTICATION_FAILED', 'the broker did not accept user and password'),
  59: unexpected('UNKNOWN_PRODUCER_ID', 'the broker does not know this producer id (any more)'),
  60: notReady('REASSIGNMENT_IN_PROGRESS', 'partitions are being moved'),
  70: moving('FETCH_SESSION_ID_NOT_FOUND', 'the broker dropped the fetch session'),
  71: moving('INVALID_FETCH_SESSION_EPOCH', 'the broker lost count of the fetch session'),
  72: moving('LISTENER_NOT_FOUND', 'the leader has no listener of this name'),
  74: moving('FENCED_LEADER_EPOCH', 'the partition has a newer leader epoch than we know'),
  75: notReady('UNKNOWN_LEADER_EPOCH', 'the broker does not know the leader epoch yet'),
  76: rejected(
    'UNSUPPORTED_COMPRESSION_TYPE',
    'the topic or broker does not take this compression',
  ),
  78: notReady('OFFSET_NOT_AVAILABLE', 'the new leader does not know its high watermark yet'),
  87: rejected(
    'INVALID_RECORD',
    'the broker refuses the record: it does not fit the rules of the topic',
  ),
  89: {
    ...notReady('THROTTLING_QUOTA_EXCEEDED', 'a quota of the cluster is used up'),
    remedy:
      'Run it again later, or have the quota raised that the cluster gives this user or client id (controller_mutation_rate).',
  },
  90: unexpected('PRODUCER_FENCED', 'another producer with the same id took over'),
  100: {
    name: 'UNKNOWN_TOPIC_ID',
    code: 'KAFKA_TOPIC_UNKNOWN',
    retry: 'after-refresh',
    why: 'the topic was deleted (perhaps created again), or the broker has not heard of it yet',
  },
  103: {
    name: 'INCONSISTENT_TOPIC_ID',
    code: 'KAFKA_TOPIC_UNKNOWN',
    retry: 'after-refresh',
    why: 'the topic was deleted and created again',
  },
  106: moving(
    'FETCH_SESSION_TOPIC_ID_ERROR',
    'the fetch session mixes topics with and without ids',
  ),
}

/** Turns an error number of Kafka into the error that a person reads. `number` must not be 0. */
export function kafkaError(number: number, facts: KafkaErrorFacts): KanneryError {
  const meaning =
    meanings[number] ?? unexpected(`error ${number}`, 'Kannery does not know this error number')
  const denial = meaning.code === 'KAFKA_DENIED'
  return new KanneryError(
    meaning.code,
    denial ? deniedMessage(meaning, facts) : `${meaning.name}${target(facts)}`,
    {
      retry: meaning.retry,
      why: withDetail(denial ? deniedWhy(meaning, facts) : meaning.why, facts.detail),
      ...remedy(meaning, facts),
      facts: {
        kafkaError: meaning.name,
        api: facts.api,
        ...(facts.operation === undefined ? {} : { operation: facts.operation }),
        ...(facts.topic === undefined ? {} : { topic: facts.topic }),
        ...(facts.partition === undefined ? {} : { partition: facts.partition }),
        ...(facts.group === undefined ? {} : { group: facts.group }),
        ...(facts.broker === undefined ? {} : { broker: facts.broker }),
        ...(facts.throttleTimeMs === undefined ? {} : { throttleTimeMs: facts.throttleTimeMs }),
      },
    },
  )
}

/** Throws what `number` means, unless it is 0 (no error). */
export function assertNoKafkaError(number: number, facts: KafkaErrorFacts): void {
  if (number !== 0) throw kafkaError(number, facts)
}

function target({ topic, partition, group }: KafkaErrorFacts): string {
  if (group !== undefined) return `: group "${group}"`
  if (topic === undefined) return ''
  return partition === undefined
    ? `: topic "${topic}"`
    : `: partition ${partition} of topic "${topic}"`
}

function resource(meaning: Meaning, facts: KafkaErrorFacts): { words: string; option: string } {
  if (meaning.name === 'TOPIC_AUTHORIZATION_FAILED') {
    return facts.topic === undefined
      ? { words: 'the topic', option: '--topic TOPIC' }
      : { words: `topic "${facts.topic}"`, option: `--topic '${facts.topic}'` }
  }
  if (meaning.name === 'GROUP_AUTHORIZATION_FAILED') {
    return facts.group === undefined
      ? { words: 'the consumer group', option: '--group GROUP' }
      : { words: `group "${facts.group}"`, option: `--group '${facts.group}'` }
  }
  if (meaning.name === 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED') {
    return { words: 'the transactional id', option: '--transactional-id ID' }
  }
  return { words: 'the cluster', option: '--cluster' }
}

function deniedMessage(meaning: Meaning, facts: KafkaErrorFacts): string {
  return `not allowed: ${facts.operation ?? facts.api} on ${resource(meaning, facts).words}`
}

function deniedWhy(meaning: Meaning, { api }: KafkaErrorFacts): string {
  return `the broker answered ${api} with ${meaning.name}: no ACL allows this user the operation`
}

function remedy(meaning: Meaning, facts: KafkaErrorFacts): { remedy?: string } {
  if (meaning.code === 'KAFKA_DENIED' && facts.operation !== undefined) {
    return {
      remedy: `Allow it: kafka-acls --bootstrap-server … --add --allow-principal User:NAME --operation ${facts.operation} ${resource(meaning, facts).option}`,
    }
  }
  return meaning.remedy === undefined ? {} : { remedy: meaning.remedy }
}

function withDetail(why: string, detail: string | null | undefined): string {
  return detail === undefined || detail === null || detail === '' ? why : `${why} (${detail})`
}

function notReady(name: string, why: string): Meaning {
  return { name, code: 'KAFKA_UNREACHABLE', retry: 'same-request', why, remedy: unhealthy }
}

function moving(name: string, why: string): Meaning {
  return { name, code: 'KAFKA_UNREACHABLE', retry: 'after-refresh', why, remedy: unhealthy }
}

function rejected(name: string, why: string): Meaning {
  return { name, code: 'KAFKA_RECORD_REJECTED', retry: 'never', why }
}

function denied(name: string): Meaning {
  return { name, code: 'KAFKA_DENIED', retry: 'never', why: '' }
}

function authentication(name: string, why: string): Meaning {
  return { name, code: 'KAFKA_AUTHENTICATION_FAILED', retry: 'never', why }
}

function invalid(name: string, why: string): Meaning {
  return { name, code: 'CONFIG_INVALID', retry: 'never', why }
}

function unexpected(name: string, why: string): Meaning {
  return { name, code: 'KAFKA_PROTOCOL', retry: 'never', why }
}
