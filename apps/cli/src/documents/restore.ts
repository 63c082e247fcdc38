import type { RestoreDocument } from '@kannery/resources'
import { formatMoment } from '@kannery/resources/values'
import { KanneryError } from '@kannery/storage'

/** What the options of a restore say. */
export interface RestoreOptions {
  readonly topic: readonly string[]
  readonly exclude: readonly string[]
  readonly as: string | undefined
  /** Each `from=to`. */
  readonly map: readonly string[]
  readonly prefix: string | undefined
  readonly suffix: string | undefined
  readonly partition: readonly number[]
  readonly since: Date | undefined
  readonly until: Date | undefined
  readonly incarnation: number | undefined
  readonly parallelism: number | undefined
  readonly replicationFactor: number | undefined
  readonly retention: 'source' | 'keep' | undefined
  readonly dropHeaders: readonly string[]
  readonly originalOffsetHeader: string | undefined
  readonly verify: boolean
  readonly skipDamaged: boolean
}

/**
 * The Restore that options mean, of the Storage and KafkaCluster that options mean.
 *
 * @throws CONFIG_INVALID where --as names several topics, or where --map names a topic twice or one
 *   that is not restored
 */
export async function restoreDocument(options: RestoreOptions): Promise<RestoreDocument> {
  const { exclude, prefix, suffix, since, until } = options
  const { parallelism, replicationFactor, retention, dropHeaders, originalOffsetHeader } = options
  const { verify, skipDamaged } = options
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Restore',
    metadata: { name: 'restore' },
    spec: {
      storage: 'storage',
      kafkaCluster: 'kafka',
      topics: await topicsOf(options),
      ...(exclude.length > 0 && { excludeTopics: exclude }),
      ...(prefix !== undefined && { prefix }),
      ...(suffix !== undefined && { suffix }),
      ...(since && { since: formatMoment(since.getTime()) }),
      ...(until && { until: formatMoment(until.getTime()) }),
      ...(parallelism !== undefined && { parallelism }),
      ...(replicationFactor !== undefined && { replicationFactor }),
      ...(retention && { retention }),
      ...(dropHeaders.length > 0 && { dropHeaders }),
      ...(originalOffsetHeader !== undefined && { originalOffsetHeader }),
      verify,
      skipDamaged,
    },
  }
}

async function topicsOf(options: RestoreOptions): Promise<RestoreDocument['spec']['topics']> {
  const { topic, as, partition, incarnation } = options
  if (as !== undefined && (isPattern(topic) || options.map.length > 0)) {
    throw new KanneryError('CONFIG_INVALID', '--as is a name for one topic', {
      why: 'several topics, or a pattern, are given',
      remedy: 'Use --map for each topic, or --prefix or --suffix for all.',
    })
  }
  const targets = targetsOf(options.map)
  await refuseUnselected([...targets.keys()], options)
  return [...new Set([...topic, ...targets.keys()])].map((source) => {
    const target = as ?? targets.get(source)
    return {
      source,
      ...(target !== undefined && { target }),
      ...(partition.length > 0 && { partitions: partition }),
      ...(incarnation !== undefined && { incarnation }),
    }
  })
}

function isPattern(topics: readonly string[]): boolean {
  return new Set(topics).size > 1 || topics.some((name) => /[*?/]/.test(name))
}

function targetsOf(map: readonly string[]): ReadonlyMap<string, string> {
  const targets = new Map<string, string>()
  for (const [source, target] of map.map(parsePair)) {
    const earlier = targets.get(source)
    if (earlier !== undefined && earlier !== target) {
      throw new KanneryError('CONFIG_INVALID', `--map: topic "${source}" has two new names`, {
        why: `they are "${earlier}" and "${target}"`,
        remedy: 'Leave one of them out: a topic is restored once in a restore.',
      })
    }
    targets.set(source, target)
  }
  return targets
}

async function refuseUnselected(
  sources: readonly string[],
  { topic, exclude }: RestoreOptions,
): Promise<void> {
  if (sources.length === 0) return
  const { parseTopicMatcher, selectTopics } = await import('@kannery/kafka')
  const selected = selectTopics(
    sources.map((name) => ({ name, internal: false })),
    { include: topic.map(parseTopicMatcher), exclude: exclude.map(parseTopicMatcher) },
  )
  const unselected = sources.find((source) => !selected.includes(source))
  if (unselected === undefined) return
  throw new KanneryError('CONFIG_INVALID', `--map: topic "${unselected}" is not to be restored`, {
    why: 'no --topic selects it, or --exclude leaves it out',
    remedy: 'Select it with --topic, too, or leave out its new name.',
  })
}

function parsePair(text: string): readonly [from: string, to: string] {
  const [from, to, ...rest] = text.split('=')
  if (from && to && rest.length === 0) return [topicName(from), to]
  throw new KanneryError('CONFIG_INVALID', `--map: not two names: ${JSON.stringify(text)}`, {
    remedy: 'Write the name in the backup and the name in the target, as in orders=orders-copy.',
  })
}

function topicName(text: string): string {
  if (/^[a-zA-Z0-9._-]+$/.test(text)) return text
  throw new KanneryError('CONFIG_INVALID', `--map: not a topic's name: ${JSON.stringify(text)}`, {
    remedy: 'Write the name of one topic; --prefix and --suffix rename all that a pattern selects.',
  })
}
