import type { ErrorCodeDescription } from '../error-code-description.ts'

/** Codes of errors that concern a Kafka cluster. */
export type KafkaErrorCode =
  | 'KAFKA_UNREACHABLE'
  | 'KAFKA_AUTHENTICATION_FAILED'
  | 'KAFKA_DENIED'
  | 'KAFKA_TLS_FAILED'
  | 'KAFKA_TOPIC_UNKNOWN'
  | 'KAFKA_TOPIC_NOT_EMPTY'
  | 'KAFKA_TOPIC_MISMATCH'
  | 'KAFKA_TRANSACTION_OPEN'
  | 'KAFKA_RECORD_REJECTED'
  | 'KAFKA_DATA_CORRUPT'
  | 'KAFKA_UNSUPPORTED'
  | 'KAFKA_PROTOCOL'
  | 'KAFKA_OFFSETS_LOST'

/** Descriptions of the codes of errors that concern a Kafka cluster. */
export const kafkaCodes: Readonly<Record<KafkaErrorCode, ErrorCodeDescription>> = {
  KAFKA_UNREACHABLE: {
    exitStatus: 50,
    remedy: 'Check the broker address, and that its port is open from here.',
  },
  KAFKA_AUTHENTICATION_FAILED: {
    exitStatus: 51,
    remedy: 'Check user, password and SASL mechanism.',
  },
  KAFKA_DENIED: {
    exitStatus: 52,
    remedy: 'Give this principal the operation that the message names.',
  },
  KAFKA_TLS_FAILED: {
    exitStatus: 53,
    remedy: 'Check the trusted certificates and that the address is the one in the certificate.',
  },
  KAFKA_TOPIC_UNKNOWN: {
    exitStatus: 54,
    remedy: 'Check the topic name; topic names are case-sensitive.',
  },
  KAFKA_TOPIC_NOT_EMPTY: {
    exitStatus: 55,
    remedy: 'Restore under another name, or delete the records in the target first.',
    advice: { id: 'choose-empty-target' },
  },
  KAFKA_TOPIC_MISMATCH: { exitStatus: 56, remedy: 'Restore into a topic with enough partitions.' },
  KAFKA_TRANSACTION_OPEN: {
    exitStatus: 57,
    remedy: 'Finish or abort the transaction that the message names, then try again.',
  },
  KAFKA_RECORD_REJECTED: {
    exitStatus: 58,
    remedy: 'The target topic refuses what the backup holds, for the reason given.',
  },
  KAFKA_DATA_CORRUPT: {
    exitStatus: 59,
    remedy: 'The broker served a damaged batch. Check its disk; another replica may be whole.',
  },
  KAFKA_UNSUPPORTED: {
    exitStatus: 60,
    remedy: 'Upgrade the brokers, or the messages, as the reason says.',
  },
  KAFKA_PROTOCOL: {
    exitStatus: 61,
    remedy: 'The broker gave an answer that the protocol does not allow.',
    advice: { id: 'debug-protocol' },
  },
  KAFKA_OFFSETS_LOST: {
    exitStatus: 62,
    remedy: 'The broker no longer has offsets that were not backed up yet; the reason says why.',
  },
}
