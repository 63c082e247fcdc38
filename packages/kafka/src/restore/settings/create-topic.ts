import type { KanneryError } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import type { NewTopic } from '../../cluster/topics.ts'
import { isTopicRefusal, namedSettings, topicRefused } from './accepted-settings.ts'
import type { Settings } from './topic-settings.ts'

/** A topic that was created, with settings that its restore needs. */
export interface CreatedTopic {
  readonly topic: TopicMetadata
  /** Settings that it has in place of its final ones. */
  readonly held: Settings
}

/**
 * Creates a topic with its final settings (`topic.config`) and those of `held` that the cluster
 * accepts: a policy may forbid some, and an old broker may not know them. `judge` throws if the
 * restore is impossible without those that are refused.
 *
 * @throws what `judge` throws, CONFIG_INVALID, and all that `createTopic` throws; nothing was
 *   created then, unless the message says so.
 */
export async function createHeldTopic(
  cluster: Pick<KafkaCluster, 'createTopic'>,
  { topic, held: wanted }: { readonly topic: NewTopic; readonly held: Settings },
  judge: (held: Settings) => void,
): Promise<CreatedTopic> {
  let held = wanted
  for (;;) {
    try {
      const config = { ...topic.config, ...held }
      return { topic: await cluster.createTopic({ ...topic, config }), held }
    } catch (error) {
      if (!isTopicRefusal(error)) throw error
      const fewer = withoutRefused(held, error)
      if (fewer === undefined) throw topicRefused(topic, error)
      judge(fewer)
      held = fewer
    }
  }
}

/**
 * Returns `held` without the settings that the refusal names, or without any if it names none of
 * them; undefined if `held` is empty already.
 */
function withoutRefused(held: Settings, refusal: KanneryError): Settings | undefined {
  if (Object.keys(held).length === 0) return undefined
  const named = namedSettings(refusal, held)
  if (named.length === 0) return {}
  return Object.fromEntries(Object.entries(held).filter(([name]) => !named.includes(name)))
}
