import { type ErrorDetails, type KafkaResource, KanneryError } from '@kannery/storage'
import { errorNumbers, type KafkaErrorName } from '../protocol/error-numbers.ts'
import { type KafkaMeaning, meaningOf } from './error-meanings.ts'

/** What was asked when a broker answered with an error number. */
export interface KafkaErrorFacts {
  /** Kafka's name of the request, for example `Fetch`. */
  readonly api: string
  /**
   * The ACL operation that the request needs, as `kafka-acls --operation` takes it, for example
   * `Read`.
   */
  readonly operation?: string | undefined
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly group?: string | undefined
  readonly broker?: string | undefined
  /** How long to wait, milliseconds, where the broker refuses because of a quota. */
  readonly throttleTimeMs?: number | undefined
  /** The broker's error message, if the answer has one. */
  readonly detail?: string | null | undefined
}

/** Explains an error number of Kafka. `number` must not be 0. */
export function kafkaError(number: number, facts: KafkaErrorFacts): KanneryError {
  const meaning = meaningOf(number)
  const denial = meaning.code === 'KAFKA_DENIED'
  return new KanneryError(
    meaning.code,
    denial ? deniedMessage(meaning, facts) : `${meaning.name}${target(facts)}`,
    {
      retry: meaning.retry,
      why: withDetail(denial ? deniedWhy(meaning, facts) : meaning.why, facts.detail),
      ...whatToDo(meaning, facts),
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
  if (number !== errorNumbers.NONE) throw kafkaError(number, facts)
}

/** Whether `error` is the error of Kafka that has this name. */
export function isKafkaError(
  { facts: { kafkaError } }: KanneryError,
  name: KafkaErrorName,
): boolean {
  return kafkaError === name
}

/** Returns the message of an error with its reason, to quote it in another error. */
export function fullReason({ message, why }: KanneryError): string {
  return why === undefined ? message : `${message}: ${why}`
}

/** The throttle time of an answer, milliseconds; undefined when the answer is not throttled. */
export function throttleTime(answer: { readonly throttleTimeMs: number }): number | undefined {
  return answer.throttleTimeMs > 0 ? answer.throttleTimeMs : undefined
}

function target({ topic, partition, group }: KafkaErrorFacts): string {
  if (group !== undefined) return `: group "${group}"`
  if (topic === undefined) return ''
  return partition === undefined
    ? `: topic "${topic}"`
    : `: partition ${partition} of topic "${topic}"`
}

function resource({ name }: KafkaMeaning, { topic, group }: KafkaErrorFacts): KafkaResource {
  if (name === 'TOPIC_AUTHORIZATION_FAILED') return { kind: 'topic', name: topic }
  if (name === 'GROUP_AUTHORIZATION_FAILED') return { kind: 'group', name: group }
  if (name === 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED') return { kind: 'transactional-id' }
  return { kind: 'cluster' }
}

const resourceWords: Readonly<Record<KafkaResource['kind'], string>> = {
  topic: 'topic',
  group: 'consumer group',
  'transactional-id': 'transactional id',
  cluster: 'cluster',
}

function inWords({ kind, name }: KafkaResource): string {
  if (name === undefined) return `the ${resourceWords[kind]}`
  return `${kind} "${name}"`
}

function deniedMessage(meaning: KafkaMeaning, facts: KafkaErrorFacts): string {
  return `not allowed: ${facts.operation ?? facts.api} on ${inWords(resource(meaning, facts))}`
}

function deniedWhy(meaning: KafkaMeaning, { api }: KafkaErrorFacts): string {
  return `the broker answered ${api} with ${meaning.name}: no ACL allows this user the operation`
}

function whatToDo(
  meaning: KafkaMeaning,
  facts: KafkaErrorFacts,
): Pick<ErrorDetails, 'remedy' | 'advice'> {
  const { operation } = facts
  if (meaning.code !== 'KAFKA_DENIED' || operation === undefined) return { remedy: meaning.remedy }
  const denied = resource(meaning, facts)
  return {
    remedy: `Give this user the operation ${operation} on ${inWords(denied)}.`,
    advice: { id: 'allow-operation', operation, resource: denied },
  }
}

function withDetail(why: string, detail: string | null | undefined): string {
  return detail === undefined || detail === null || detail === '' ? why : `${why} (${detail})`
}
