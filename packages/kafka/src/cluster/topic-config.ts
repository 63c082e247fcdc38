import { describeConfigsApi } from '../protocol/apis/describe-configs.ts'
import { incrementalAlterConfigsApi } from '../protocol/apis/incremental-alter-configs.ts'
import { knownSettings, onlyOne } from './api-call.ts'
import type { BrokerRouter } from './broker-router.ts'
import { assertNoKafkaError, throttleTime } from './errors.ts'
import { isTransientButNotUnknown } from './retry.ts'

/** The configuration of a topic; settings without a value, and secret ones, are left out. */
export interface TopicConfig {
  /** Settings that were made on the topic itself. */
  readonly overrides: Readonly<Record<string, string>>
  /** Settings in force: overrides, else the broker's settings, else Kafka's defaults. */
  readonly effective: Readonly<Record<string, string>>
}

/** Changes to the overrides of a topic; overrides that are not named stay as they are. */
interface TopicConfigChange {
  readonly set: Readonly<Record<string, string>>
  /** Names of overrides to remove. */
  readonly remove: readonly string[]
  readonly purpose: 'alter' | 'validate only'
}

/** Kafka's ConfigResource.Type and AlterConfigOp.OpType. */
const topicResource = 2
const setConfig = 0
const deleteConfig = 1

/** Kafka's DescribeConfigsResponse.ConfigSource: set on the topic itself. */
const dynamicTopicConfig = 1

/** Reads the configuration of a topic. */
export async function describeTopicConfig(
  router: BrokerRouter,
  topic: string,
): Promise<TopicConfig> {
  const configs = await router.retrying(async () => {
    const broker = await router.toAny()
    const answer = await broker.call(describeConfigsApi, {
      resources: [{ type: topicResource, name: topic }],
    })
    const result = onlyOne(answer.results, 'DescribeConfigs')
    assertNoKafkaError(result.errorCode, {
      api: 'DescribeConfigs',
      operation: 'DescribeConfigs',
      topic,
      detail: result.errorMessage,
    })
    return result.configs
  }, isTransientButNotUnknown)
  return {
    overrides: knownSettings(configs.filter((entry) => entry.source === dynamicTopicConfig)),
    effective: knownSettings(configs),
  }
}

/** Changes overrides of a topic, or asks whether it could (IncrementalAlterConfigs, KIP-339). */
export async function alterTopicConfig(
  router: BrokerRouter,
  topic: string,
  { set, remove, purpose }: TopicConfigChange,
): Promise<void> {
  const changes = [
    ...Object.entries(set).map(([name, value]) => ({ name, operation: setConfig, value })),
    ...remove.map((name) => ({ name, operation: deleteConfig, value: null })),
  ]
  if (changes.length === 0) return
  await router.retrying(async () => {
    const controller = await router.toController()
    const answer = await controller.call(incrementalAlterConfigsApi, {
      resources: [{ type: topicResource, name: topic, changes }],
      validateOnly: purpose === 'validate only',
    })
    const result = onlyOne(answer.results, 'IncrementalAlterConfigs')
    assertNoKafkaError(result.errorCode, {
      api: 'IncrementalAlterConfigs',
      operation: 'AlterConfigs',
      topic,
      detail: result.errorMessage,
      throttleTimeMs: throttleTime(answer),
    })
  }, isTransientButNotUnknown)
}
