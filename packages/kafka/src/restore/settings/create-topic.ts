import type { KanneryError } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import type { NewTopic } from '../../cluster/topics.ts'
import { isTopicRefusal, namedSettings, topicRefused } from './accepted-settings.ts'
import type { Settings } from './topic-settings.ts'

export interface CreatedTopic {
  readonly topic: TopicMetadata
  /** What it has in place of its final settings. */
  readonly held: Settings
}

/**
 * Creates a topic with its final settings (`topic.config`) and those of `held` that the cluster
 * takes: a policy may forbid some, and an old broker not know them. `judge` says what stands
 * against the restore without the ones that are refused.
 *
 * @throws what `judge` finds, CONFIG_INVALID, and all that `createTopic` throws; nothing was
 *   created then, but for the errors that leave it unknown.
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
 * `held` without what the refusal names, or without all where it names none of them; undefined when
 * nothing is left to drop.
 */
function withoutRefused(held: Settings, refusal: KanneryError): Settings | undefined {
  if (Object.keys(held).length === 0) return undefined
  const named = namedSettings(refusal, held)
  if (named.length === 0) return {}
  return Object.fromEntries(Object.entries(held).filter(([name]) => !named.includes(name)))
}
