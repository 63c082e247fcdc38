import type { ChunkCodec } from '@kannery/core/segment'
import type { BackupDocument } from '@kannery/resources'
import { formatDuration, formatSize } from '@kannery/resources/values'

/** What the options of a backup say; durations in milliseconds, sizes in bytes. */
export interface BackupOptions {
  readonly topic: readonly string[]
  readonly exclude: readonly string[]
  readonly once: boolean
  readonly transactionPatience: number
  readonly codec: ChunkCodec
  readonly segmentSize: number
  readonly segmentAge: number
  readonly memory: number
  readonly leaseTtl: number
  readonly wait: number | undefined
  readonly retention: string | undefined
  readonly identity: string | undefined
  readonly metrics: string | undefined
}

/** The Backup that options mean, of the Storage and KafkaCluster that options mean. */
export function backupDocument(options: BackupOptions): BackupDocument {
  const { topic, exclude, once, wait, retention, identity, metrics } = options
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Backup',
    metadata: { name: 'backup' },
    spec: {
      storage: 'storage',
      kafkaCluster: 'kafka',
      topics: topic,
      ...(exclude.length > 0 && { excludeTopics: exclude }),
      ...(once && { once: { transactionPatience: formatDuration(options.transactionPatience) } }),
      codec: options.codec,
      segment: {
        maxSize: formatSize(options.segmentSize),
        maxAge: formatDuration(options.segmentAge),
      },
      memory: formatSize(options.memory),
      lease: {
        ttl: formatDuration(options.leaseTtl),
        wait: formatDuration(wait ?? 0),
        ...(identity !== undefined && { identity }),
      },
      ...(retention !== undefined && { retention }),
      ...(metrics !== undefined && { metrics: { address: metrics } }),
    },
  }
}
