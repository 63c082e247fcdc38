import type { KanneryError } from '@kannery/storage'
import { createTopicsV5, createTopicsV7 } from '@platformatic/kafka'
import { errorNumbers } from '../protocol/error-numbers.ts'
import { type AclOperation, readOperations } from './acl-operations.ts'
import { callNewest, knownSettings, onlyOne } from './api-call.ts'
import type { BrokerRouter } from './broker-router.ts'
import { assertNoKafkaError, isKafkaError, kafkaError, throttleTime } from './errors.ts'
import { readMetadata, requestMetadata, type TopicMetadata } from './metadata.ts'

/** A topic to create. */
export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** Number of replicas of each partition. −1: the broker's default. */
  readonly replicationFactor: number
  /** Overrides, by the names of Kafka's topic settings. */
  readonly config: Readonly<Record<string, string>>
}

/** Describes a topic whose partitions all have a leader; waits for elections. */
export function describeLedTopic(router: BrokerRouter, name: string): Promise<TopicMetadata> {
  return router.retrying(async () => {
    const topic = await router.describeTopic(name)
    const leaderless = topic.partitions.find(({ leader }) => leader === undefined)
    if (leaderless !== undefined) throw noLeader(name, leaderless.partition)
    return topic
  })
}

/** Creates a topic and waits until all its partitions have leaders. */
export async function createTopic(router: BrokerRouter, topic: NewTopic): Promise<TopicMetadata> {
  await requestTopic(router, topic, 'create')
  return router.retrying(async () => {
    const created = await describeLedTopic(router, topic.name)
    const { length } = created.partitions
    if (length < topic.partitions) throw noLeader(topic.name, length)
    return created
  }, mayRetryNewTopic)
}

/**
 * Asks whether a topic could be created. Resolves with the configuration that would be in force.
 */
export function validateTopic(
  router: BrokerRouter,
  topic: NewTopic,
): Promise<Readonly<Record<string, string>>> {
  return requestTopic(router, topic, 'validate only')
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
    return readOperations(onlyOne(answer.topics, 'Metadata').topicAuthorizedOperations)
  })
}

/**
 * Sends CreateTopics for one topic. Repeated only when the controller has moved: after any other
 * failure the topic may exist. Resolves with its configuration, as far as this user may see it
 * (KIP-525).
 */
function requestTopic(
  router: BrokerRouter,
  { name, partitions, replicationFactor, config }: NewTopic,
  purpose: 'create' | 'validate only',
): Promise<Readonly<Record<string, string>>> {
  const topic = {
    name,
    numPartitions: partitions,
    replicationFactor,
    assignments: [],
    configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
  }
  return router.retrying(
    async () => {
      const answer = await callNewest(
        await router.toController(),
        [createTopicsV7.api, createTopicsV5.api],
        [topic],
        router.requestTimeoutMs,
        purpose === 'validate only',
      )
      const result = onlyOne(answer.topics, 'CreateTopics')
      assertNoKafkaError(result.errorCode, {
        api: 'CreateTopics',
        operation: 'Create',
        topic: name,
        detail: result.errorMessage,
        throttleTimeMs: throttleTime(answer),
      })
      return knownSettings(result.configs ?? [])
    },
    (error) => isKafkaError(error, 'NOT_CONTROLLER'),
  )
}

/** The cluster has just accepted the topic, so every broker will know it soon. */
function mayRetryNewTopic(error: KanneryError): boolean {
  return error.retry !== 'never'
}

function noLeader(topic: string, partition: number): KanneryError {
  return kafkaError(errorNumbers.LEADER_NOT_AVAILABLE, { api: 'Metadata', topic, partition })
}
