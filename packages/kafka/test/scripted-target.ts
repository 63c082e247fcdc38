import type { KanneryError } from '@kannery/storage'
import { kafkaError } from '../src/cluster/errors.ts'
import type { TopicMetadata } from '../src/cluster/metadata.ts'
import type { NewTopic } from '../src/cluster/topics.ts'
import type { Settings } from '../src/restore/settings/topic-settings.ts'

const [invalidConfig, policyViolation] = [40, 44]

/** A cluster that only creates topics, and has rules for them. */
export class ScriptedTarget {
  /** What it knows, with its defaults. */
  readonly #defaults: Settings
  /** Name → the only values that its policy allows. */
  readonly #allowed: Readonly<Record<string, readonly string[]>>
  readonly asked: NewTopic[] = []
  readonly created: NewTopic[] = []
  greatestPartitions = 100
  /** Whether a refusal says which setting it is about. */
  namesSettings = true

  constructor(defaults: Settings, allowed: Readonly<Record<string, readonly string[]>> = {}) {
    this.#defaults = defaults
    this.#allowed = allowed
  }

  async validateTopic(topic: NewTopic): Promise<Settings> {
    this.asked.push(topic)
    return this.#check(topic)
  }

  async createTopic(topic: NewTopic): Promise<TopicMetadata> {
    this.asked.push(topic)
    this.#check(topic)
    this.created.push(topic)
    const { name } = topic
    return { name, topicId: '', topicIdBytes: new Uint8Array(16), internal: false, partitions: [] }
  }

  #check({ partitions, config }: NewTopic): Settings {
    for (const [name, value] of Object.entries(config)) {
      if (this.#defaults[name] === undefined) {
        throw this.#refusal(invalidConfig, `Unknown topic config name: ${name}`)
      }
      if (this.#allowed[name]?.includes(value) === false) {
        throw this.#refusal(policyViolation, `Config property '${name}' with value '${value}'`)
      }
    }
    if (partitions > this.greatestPartitions) {
      throw this.#refusal(policyViolation, 'too many partitions')
    }
    return { ...this.#defaults, ...config }
  }

  #refusal(number: number, detail: string): KanneryError {
    const words = this.namesSettings ? detail : 'see the rules of the cluster'
    return kafkaError(number, { api: 'CreateTopics', topic: 'orders', detail: words })
  }
}
