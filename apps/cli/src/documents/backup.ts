import type { ChunkCodec } from '@kannery/core/segment'
import type { BackupDocument } from '@kannery/resources'
import { formatDuration, formatSize } from '@kannery/resources/values'
import { KanneryError } from '@kannery/storage'

export const identityVariable = 'KANNERY_IDENTITY'

/** What the options of a backup say; durations in milliseconds, sizes in bytes. */
export interface BackupOptions {
  readonly topic: readonly string[]
  readonly exclude: readonly string[]
  readonly once: boolean
  readonly transactionPatience: number | undefined
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

/**
 * The Backup that options mean, of the Storage and KafkaCluster that options mean.
 *
 * @throws CONFIG_INVALID for an option that means nothing without --once
 */
export function backupDocument(options: BackupOptions): BackupDocument {
  const { topic, exclude, once, transactionPatience, wait, retention, identity, metrics } = options
  if (!once && transactionPatience !== undefined) {
    throw new KanneryError(
      'CONFIG_INVALID',
      '--transaction-patience means nothing without --once',
      {
        why: 'a backup that follows its topics waits for every transaction',
        remedy: 'Leave it out, or end the backup with --once.',
      },
    )
  }
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Backup',
    metadata: { name: 'backup' },
    spec: {
      storage: 'storage',
      kafkaCluster: 'kafka',
      topics: topic,
      ...(exclude.length > 0 && { excludeTopics: exclude }),
      ...(once && { once: onceOf(transactionPatience) }),
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

function onceOf(patience: number | undefined): { readonly transactionPatience?: string } {
  return patience === undefined ? {} : { transactionPatience: formatDuration(patience) }
}
