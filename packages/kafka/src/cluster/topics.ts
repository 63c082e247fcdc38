import { KanneryError } from '@kannery/storage'
import { createTopicsApi } from '../protocol/apis/create-topics.ts'
import { errorNumbers } from '../protocol/error-numbers.ts'
import type { ApiCaller } from '../transport/broker-request.ts'
import { type AclOperation, readOperations } from './acl-operations.ts'
import { knownSettings, onlyOne } from './api-call.ts'
import type { BrokerRouter } from './broker-router.ts'
import { assertNoKafkaError, fullReason, isKafkaError, kafkaError, throttleTime } from './errors.ts'
import { readMetadata, requestMetadata, type TopicMetadata } from './metadata.ts'
import { describeTopicConfig } from './topic-config.ts'

/** A topic to create. */
export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** Number of replicas of each partition. −1: the broker's default. */
  readonly replicationFactor: number
  /** Overrides, by the names of Kafka's topic settings. */
  readonly config: Readonly<Record<string, string>>
}

const otherTopic =
  'another topic has this name already: its partitions, replicas or settings are not those that were asked for'

/** Describes a topic whose partitions all have a leader; waits for elections. */
export function describeLedTopic(router: BrokerRouter, name: string): Promise<TopicMetadata> {
  return router.retrying(async () => {
    const topic = await router.describeTopic(name)
    const leaderless = topic.partitions.find(({ leader }) => leader === undefined)
    if (leaderless !== undefined) throw noLeader(name, leaderless.partition)
    return topic
  })
}

/**
 * Creates a topic and waits until all its partitions have leaders. A request whose answer is lost
 * is repeated: if the topic exists by then as it was asked for, an earlier request created it.
 */
export async function createTopic(router: BrokerRouter, topic: NewTopic): Promise<TopicMetadata> {
  let mayExist = false
  try {
    await router.retrying(async () => {
      const controller = await router.toController()
      await requestTopic(router, controller, topic, 'create').catch((error: unknown) => {
        mayExist ||= isOutcomeUnknown(error)
        throw error
      })
    })
  } catch (error) {
    if (!mayExist || !KanneryError.is(error)) throw error
    const exists = isKafkaError(error, 'TOPIC_ALREADY_EXISTS')
    const present = exists ? await compareWithPresent(router, topic) : 'unknown'
    if (present === 'other') throw error.with({ why: otherTopic })
    if (present === 'unknown') throw perhapsCreated(error, topic)
  }
  return await ledNewTopic(router, topic)
}

/**
 * Asks whether a topic could be created. Resolves with the configuration that would be in force.
 */
export function validateTopic(
  router: BrokerRouter,
  topic: NewTopic,
): Promise<Readonly<Record<string, string>>> {
  return router.retrying(async () =>
    requestTopic(router, await router.toController(), topic, 'validate only'),
  )
}

/** Lists what this user may do with a topic (KIP-430). */
export function allowedOperations(
  router: BrokerRouter,
  topic: string,
): Promise<ReadonlySet<AclOperation>> {
  return router.retrying(async () => {
    const answer = await requestMetadata(await router.toAny(), [topic], { operations: true })
    const { error } = onlyOne(readMetadata(answer).topics, 'Metadata')
    if (error !== undefined) throw error
    return readOperations(onlyOne(answer.topics, 'Metadata').allowedOperations)
  })
}

/**
 * Sends CreateTopics for one topic, once. Resolves with its configuration, as far as this user may
 * see it (KIP-525).
 */
async function requestTopic(
  router: BrokerRouter,
  controller: ApiCaller,
  topic: NewTopic,
  purpose: 'create' | 'validate only',
): Promise<Readonly<Record<string, string>>> {
  const answer = await controller.call(createTopicsApi, {
    topics: [topic],
    timeoutMs: router.requestTimeoutMs,
    validateOnly: purpose === 'validate only',
  })
  const result = onlyOne(answer.topics, 'CreateTopics')
  assertNoKafkaError(result.errorCode, {
    api: 'CreateTopics',
    operation: 'Create',
    topic: topic.name,
    detail: result.errorMessage,
    throttleTimeMs: throttleTime(answer),
  })
  return knownSettings(result.configs)
}

/** Whether a request that failed may have created the topic, now or a little later. */
function isOutcomeUnknown(error: unknown): boolean {
  if (!KanneryError.is(error) || isKafkaError(error, 'THROTTLING_QUOTA_EXCEEDED')) return false
  // The broker failed itself (UNKNOWN_SERVER_ERROR), or its answer does not make sense.
  return error.code === 'KAFKA_PROTOCOL' || error.retry !== 'never'
}

/**
 * Compares the topic that exists with the one that was asked for. `unknown` if this user may not
 * see its settings; if it has fewer partitions, which may be those that a broker knows already; and
 * if it has further overrides, which the cluster may add to every topic.
 */
async function compareWithPresent(
  router: BrokerRouter,
  { name, partitions, replicationFactor, config }: NewTopic,
): Promise<'same' | 'other' | 'unknown'> {
  try {
    const present = await router.retrying(() => router.describeTopic(name), mayRetryNewTopic)
    const { overrides } = await describeTopicConfig(router, name)
    const isOther =
      present.partitions.length > partitions ||
      Object.entries(config).some(([setting, value]) => overrides[setting] !== value) ||
      (replicationFactor !== -1 &&
        present.partitions.some(({ replicas }) => replicas.length !== replicationFactor))
    if (isOther) return 'other'
    const isSame =
      present.partitions.length === partitions &&
      Object.keys(overrides).length === Object.keys(config).length
    return isSame ? 'same' : 'unknown'
  } catch (error) {
    if (KanneryError.is(error)) return 'unknown'
    throw error
  }
}

/** Waits until all partitions of a new topic have leaders. */
async function ledNewTopic(router: BrokerRouter, topic: NewTopic): Promise<TopicMetadata> {
  try {
    return await router.retrying(async () => {
      const created = await describeLedTopic(router, topic.name)
      const { length } = created.partitions
      if (length < topic.partitions) throw noLeader(topic.name, length)
      return created
    }, mayRetryNewTopic)
  } catch (error) {
    if (!KanneryError.is(error)) throw error
    throw error.with({
      message: `topic "${topic.name}" was created, but is not ready`,
      why: fullReason(error),
      facts: { topic: topic.name },
    })
  }
}

/** The cluster has just accepted the topic, so every broker will know it soon. */
function mayRetryNewTopic(error: KanneryError): boolean {
  return error.retry !== 'never'
}

/** Adds to the error of a creation that the topic may exist. */
function perhapsCreated(error: KanneryError, { name }: NewTopic): KanneryError {
  return error.with({
    message: `topic "${name}" was perhaps created`,
    why: fullReason(error),
    remedy: 'Try again. If a topic of this name is in the way, delete it only if it is empty.',
    facts: { topic: name },
  })
}

function noLeader(topic: string, partition: number): KanneryError {
  return kafkaError(errorNumbers.LEADER_NOT_AVAILABLE, { api: 'Metadata', topic, partition })
}
