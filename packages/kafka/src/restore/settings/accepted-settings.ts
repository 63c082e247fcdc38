import { KanneryError } from '@kannery/storage'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { NewTopic } from '../../cluster/topics.ts'
import type { Settings } from './topic-settings.ts'

/** A setting of the source's topic that the restored topic does not get. */
export interface LeftOutSetting {
  readonly name: string
  readonly value: string
  /** Why it is left out, in the target cluster's words. */
  readonly reason: string
}

/** The settings of a topic that the target cluster accepts. */
export interface AcceptedSettings {
  readonly final: Settings
  /** Settings that would be in force; empty if this user may not see them (KIP-525). */
  readonly effective: Settings
  readonly leftOut: readonly LeftOutSetting[]
}

/** Settings that are never left out, because they decide which records are kept. */
const indispensable: readonly string[] = ['cleanup.policy', 'retention.bytes', 'retention.ms']

/**
 * Finds the settings of a topic that the target cluster accepts. It is asked once if it accepts
 * all. Settings that it does not know, or that its rules and policies refuse, are left out one
 * after the other; a request that is refused uses up no quota.
 *
 * @throws CONFIG_INVALID if something other than a setting is refused, or a setting that decides
 *   which records are kept; and all that `validateTopic` throws.
 */
export async function acceptedSettings(
  cluster: Pick<KafkaCluster, 'validateTopic'>,
  topic: NewTopic,
): Promise<AcceptedSettings> {
  const leftOut: LeftOutSetting[] = []
  let final = topic.config
  for (;;) {
    const answer = await validate(cluster, { ...topic, config: final })
    if (!(answer instanceof KanneryError)) {
      const needed = leftOut.filter(({ name }) => indispensable.includes(name))
      if (needed.length > 0) throw settingsRefused(topic, needed)
      return { final, effective: answer, leftOut }
    }
    const refused = await refusedSettings(cluster, { ...topic, config: final }, answer)
    if (refused.size === 0) throw topicRefused(topic, answer)
    for (const [name, reason] of refused) {
      leftOut.push({ name, value: final[name] ?? '', reason })
    }
    final = Object.fromEntries(Object.entries(final).filter(([name]) => !refused.has(name)))
  }
}

/**
 * Whether a cluster refused a topic because of its configuration, or a policy. It may accept the
 * topic without some setting.
 */
export function isTopicRefusal(error: unknown): error is KanneryError {
  return (
    KanneryError.is(error, 'CONFIG_INVALID') &&
    ['INVALID_CONFIG', 'POLICY_VIOLATION'].includes(String(error.facts['kafkaError']))
  )
}

/** Returns the names of those `settings` that a refusal mentions. */
export function namedSettings({ why = '' }: KanneryError, settings: Settings): readonly string[] {
  return Object.keys(settings).filter((name) => {
    const pattern = name.replaceAll('.', '\\.')
    // Not a part of a longer name: retention.ms is in local.retention.ms.
    return new RegExp(`(?<![\\w.-])${pattern}(?![\\w-]|\\.\\w)`).test(why)
  })
}

/** Returns the `error` of a cluster that refuses the topic with a remedy: create it by hand. */
export function topicRefused({ name, partitions }: NewTopic, error: KanneryError): KanneryError {
  return error.with({
    message: `the cluster does not take topic "${name}" as it was`,
    why: error.why ?? error.message,
    remedy: `Create it yourself, with ${partitions} partitions and as the cluster allows it, and restore into it: an empty topic is used as it is.`,
  })
}

/** Returns settings to leave out, with the cluster's reason: dispensable ones if possible. */
async function refusedSettings(
  cluster: Pick<KafkaCluster, 'validateTopic'>,
  topic: NewTopic,
  refusal: KanneryError,
): Promise<ReadonlyMap<string, string>> {
  const named = namedSettings(refusal, topic.config)
  const dispensable = named.filter((name) => !indispensable.includes(name))
  const found = dispensable.length > 0 ? dispensable : named
  if (found.length > 0) return new Map(found.map((name) => [name, refusal.why ?? refusal.message]))
  return await refusedAlone(cluster, topic)
}

/** Asks about each setting alone, with a minimal topic: for a refusal that names no setting. */
async function refusedAlone(
  cluster: Pick<KafkaCluster, 'validateTopic'>,
  topic: NewTopic,
): Promise<ReadonlyMap<string, string>> {
  const least = { ...topic, partitions: 1, config: {} }
  const refused = new Map<string, string>()
  if ((await validate(cluster, least)) instanceof KanneryError) return refused
  for (const [name, value] of Object.entries(topic.config)) {
    const answer = await validate(cluster, { ...least, config: { [name]: value } })
    if (answer instanceof KanneryError) refused.set(name, answer.why ?? answer.message)
  }
  return refused
}

async function validate(
  cluster: Pick<KafkaCluster, 'validateTopic'>,
  topic: NewTopic,
): Promise<Settings | KanneryError> {
  try {
    return await cluster.validateTopic(topic)
  } catch (error) {
    if (isTopicRefusal(error)) return error
    throw error
  }
}

function settingsRefused(topic: NewTopic, refused: readonly LeftOutSetting[]): KanneryError {
  const why = refused.map(({ name, value, reason }) => `${name}=${value}: ${reason}`).join('\n')
  const error = new KanneryError('CONFIG_INVALID', 'the cluster refuses settings', {
    why,
    facts: { topic: topic.name, settings: refused.map(({ name }) => name).join(',') },
  })
  return topicRefused(topic, error)
}
