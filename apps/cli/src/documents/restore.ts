import type { RestoreDocument } from '@kannery/resources'
import { formatMoment } from '@kannery/resources/values'
import { KanneryError } from '@kannery/storage'

/** What the options of a restore say. */
export interface RestoreOptions {
  readonly topic: readonly string[]
  readonly exclude: readonly string[]
  readonly as: string | undefined
  readonly prefix: string | undefined
  readonly suffix: string | undefined
  readonly partition: readonly number[]
  readonly since: Date | undefined
  readonly until: Date | undefined
  readonly incarnation: number | undefined
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
 * @throws CONFIG_INVALID for a new name of several topics
 */
export function restoreDocument(options: RestoreOptions): RestoreDocument {
  const { exclude, prefix, suffix, since, until } = options
  const { replicationFactor, retention, dropHeaders, originalOffsetHeader } = options
  const { verify, skipDamaged } = options
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Restore',
    metadata: { name: 'restore' },
    spec: {
      storage: 'storage',
      kafkaCluster: 'kafka',
      topics: topicsOf(options),
      ...(exclude.length > 0 && { excludeTopics: exclude }),
      ...(prefix !== undefined && { prefix }),
      ...(suffix !== undefined && { suffix }),
      ...(since && { since: formatMoment(since.getTime()) }),
      ...(until && { until: formatMoment(until.getTime()) }),
      ...(replicationFactor !== undefined && { replicationFactor }),
      ...(retention && { retention }),
      ...(dropHeaders.length > 0 && { dropHeaders }),
      ...(originalOffsetHeader !== undefined && { originalOffsetHeader }),
      verify,
      skipDamaged,
    },
  }
}

function topicsOf(options: RestoreOptions): RestoreDocument['spec']['topics'] {
  const { topic, as, partition, incarnation } = options
  if (as !== undefined && (topic.length > 1 || topic.some((name) => /[*?/]/.test(name)))) {
    throw new KanneryError('CONFIG_INVALID', '--as is a name for one topic', {
      why: 'several topics, or a pattern, are given',
      remedy: 'Use --prefix or --suffix, or restore one topic by its name.',
    })
  }
  return topic.map((source) => ({
    source,
    ...(as !== undefined && { target: as }),
    ...(partition.length > 0 && { partitions: partition }),
    ...(incarnation !== undefined && { incarnation }),
  }))
}
