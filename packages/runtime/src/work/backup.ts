import { hostname } from 'node:os'
import { type LeaseTiming, Worker } from '@kannery/core'
import {
  type CaptureObserver,
  type CaptureOptions,
  type CaptureReport,
  capture,
  KafkaCluster,
  parseTopicMatcher,
} from '@kannery/kafka'
import type { KanneryError } from '@kannery/storage'
import { type KafkaConnectionFlags, resolveKafkaConnection } from '../kafka/connection-flags.ts'
import { BackupMetrics } from '../metrics/backup-metrics.ts'
import { serveMetrics } from '../metrics/metrics-server.ts'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'
import { CaptureProgress } from './capture-progress.ts'

export interface BackupOptions
  extends Pick<CaptureOptions, 'mode' | 'segment' | 'budgetBytes' | 'codec'> {
  readonly kafka: KafkaConnectionFlags
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly storage: StorageLocation
  /** Patterns as typed. */
  readonly topics: { readonly include: readonly string[]; readonly exclude: readonly string[] }
  readonly leaseTtlMs: number
  /** `[host:]port`; undefined for no metrics. */
  readonly metricsAddress: string | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: BackupProgress) => void
  readonly onWarning: (warning: KanneryError) => void
  /** Talk for people, such as where metrics are served. */
  readonly onReady: (line: string) => void
}

export interface BackupProgress {
  /** Records and bytes of this run. */
  readonly records: number
  readonly bytes: number
  /** Records that this run will have captured at its end, as far as offsets tell. */
  readonly total: number
}

/**
 * Backs topics up until all is stored (once) or until `signal` (continuous); either way what is open is committed and
 * the leases are released before it resolves.
 */
export async function runBackup(options: BackupOptions): Promise<CaptureReport> {
  const connection = await resolveKafkaConnection(options.kafka, options.environment)
  const topics = {
    include: options.topics.include.map(parseTopicMatcher),
    exclude: options.topics.exclude.map(parseTopicMatcher),
  }
  await using storage = await openStorage(options.storage, 'write')
  await using cluster = await KafkaCluster.connect({ connection, clock: systemClock, random: systemRandom })
  const metrics = new BackupMetrics(systemClock)
  await using _server = await serveMetrics(metrics, options.metricsAddress, options.onReady)
  await using worker = await Worker.start({
    storage,
    clock: systemClock,
    random: systemRandom,
    timing: leaseTiming(options.leaseTtlMs),
    description: writerName(),
  })
  const progress = new CaptureProgress(options.onProgress)
  return await capture({
    cluster,
    storage,
    topics,
    mode: options.mode,
    segment: options.segment,
    budgetBytes: options.budgetBytes,
    codec: options.codec,
    worker,
    clock: systemClock,
    random: systemRandom,
    writerName: writerName(),
    observer: observe(progress, metrics, options.onWarning),
    signal: options.signal,
  })
}

/** Renewal, deadline and slack follow from the ttl in the proportions of the five-minute default. */
function leaseTiming(ttlMs: number): LeaseTiming {
  return {
    ttlMs,
    renewEveryMs: Math.floor(ttlMs / 3),
    deadlineMs: Math.floor((ttlMs * 3) / 4),
    slackMs: Math.min(5000, Math.floor(ttlMs / 10)),
  }
}

/** Who a person finds as the holder of a lease. */
function writerName(): string {
  return `${hostname()} (pid ${process.pid})`
}

function observe(
  progress: CaptureProgress,
  metrics: BackupMetrics,
  onWarning: (warning: KanneryError) => void,
): CaptureObserver {
  return {
    onProgress(event) {
      progress.update(event)
      metrics.progressed(event)
    },
    onCommitted(event) {
      metrics.committed(event)
    },
    onWarning,
  }
}
