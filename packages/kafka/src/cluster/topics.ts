import { createTopicsV5, createTopicsV7 } from '@platformatic/kafka'
import type { BrokerConnection } from '../transport/broker-connection.ts'
import { callNewest, knownSettings, onlyOne } from './api-call.ts'
import { assertNoKafkaError } from './errors.ts'

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly config: Readonly<Record<string, string>>
}

/**
 * Creates a topic, or only asks whether it could be. Resolves with its configuration, as far as
 * this user may see it (KIP-525).
 */
export async function requestTopic(
  controller: BrokerConnection,
  { name, partitions, replicationFactor, config }: NewTopic,
  options: {
    readonly purpose: 'create' | 'validate only'
    readonly requestTimeoutMs: number
  },
): Promise<Readonly<Record<string, string>>> {
  const answer = await callNewest(
    controller,
    [createTopicsV7.api, createTopicsV5.api],
    [
      {
        name,
        numPartitions: partitions,
        replicationFactor,
        assignments: [],
        configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      },
    ],
    options.requestTimeoutMs,
    options.purpose === 'validate only',
  )
  const result = onlyOne(answer.topics, 'CreateTopics')
  assertNoKafkaError(result.errorCode, {
    api: 'CreateTopics',
    operation: 'Create',
    topic: name,
    detail: result.errorMessage,
    ...(answer.throttleTimeMs > 0 ? { throttleTimeMs: answer.throttleTimeMs } : {}),
  })
  return knownSettings(result.configs ?? [])
}
