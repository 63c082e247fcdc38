import type { RestoreDocument } from '@kannery/resources'
import { formatMoment } from '@kannery/resources/values'

/** What the options of a restore say. */
export interface RestoreOptions {
  readonly topic: string
  readonly as: string | undefined
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

/** The Restore that options mean, of the Storage and KafkaCluster that options mean. */
export function restoreDocument(options: RestoreOptions): RestoreDocument {
  const { topic, as, partition, incarnation, since, until } = options
  const { replicationFactor, retention, dropHeaders, originalOffsetHeader } = options
  const { verify, skipDamaged } = options
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Restore',
    metadata: { name: 'restore' },
    spec: {
      storage: 'storage',
      kafkaCluster: 'kafka',
      topics: [
        {
          source: topic,
          ...(as !== undefined && { target: as }),
          ...(partition.length > 0 && { partitions: partition }),
          ...(incarnation !== undefined && { incarnation }),
        },
      ],
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
