import { hostname } from 'node:os'
import type { LeaseTiming } from '@kannery/core/lease'
import { parseRetention } from '@kannery/core/retention'
import { UlidSource } from '@kannery/core/ulid'
import { Worker } from '@kannery/core/writing'
import type { CaptureObserver, CaptureOptions, CaptureReport } from '@kannery/kafka'
import { KanneryError } from '@kannery/storage'
import type { Environment } from '../environment.ts'
import { type KafkaConnectionFlags, resolveKafkaConnection } from '../kafka/connection-flags.ts'
import type { BackupMetrics } from '../metrics/backup-metrics.ts'
import { openStorageToFill, type StorageLocation } from '../storage/open-storage.ts'
import { shownLocation } from '../storage/storage-url.ts'
import { systemClock, systemRandom } from '../system.ts'
import { type BackupProgress, CaptureProgress } from './capture-progress.ts'
import { asKanneryError, type FailedTopic, failedTopic, type Outcome } from './topics/outcome.ts'

export interface BackupOptions
  extends Pick<CaptureOptions, 'mode' | 'segment' | 'budgetBytes' | 'codec'> {
  readonly kafka: KafkaConnectionFlags
  readonly environment: Environment
  readonly storage: StorageLocation
  /** Patterns as typed. */
  readonly topics: { readonly include: readonly string[]; readonly exclude: readonly string[] }
  readonly lease: LeaseOptions
  /** As typed: `keep`, or a duration. undefined: what the backup says already, at first to keep. */
  readonly retention: string | undefined
  /** `[host:]port`; undefined for no metrics. */
  readonly metricsAddress: string | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: BackupProgress) => void
  readonly onWarning: (warning: KanneryError) => void
  /** Talk for people, such as where metrics are served. */
  readonly onNote: (text: string) => void
}

export interface LeaseOptions {
  readonly ttlMs: number
  /** How long to contend for a lease that somebody else holds; 0 to fail at once. */
  readonly waitMs: number
  /** A name that only this backup has, over restarts: its own lease is then taken over at once. */
  readonly identity: string | undefined
}

export interface BackupReport {
  /** What was committed, by topic. */
  readonly topics: CaptureReport['topics']
  /** Topics that could not be backed up, or not to their end. */
  readonly failed: readonly FailedTopic[]
}

/**
 * Backs topics up until all is stored (once) or until `signal` (continuous); either way what is
 * open is committed and the leases are released before it resolves.
 *
 * @throws what keeps it from beginning: CONFIG_INVALID, PLUGIN_*, STORAGE_*, KAFKA_*
 */
export async function runBackup(options: BackupOptions): Promise<Outcome<BackupReport>> {
  const { lease, signal } = options
  const onWarning = (warning: KanneryError): void => {
    options.onWarning(namedLease(warning, options.storage.url))
  }
  const { capture, KafkaCluster, parseTopicMatcher } = await import('@kannery/kafka')
  const { BackupMetrics } = await import('../metrics/backup-metrics.ts')
  // An import of node:http alone takes 40 ms: it loads all of fetch.
  const { serveMetrics } = await import('../metrics/metrics-server.ts')
  const timing = leaseTiming(lease.ttlMs)
  const retention = options.retention === undefined ? undefined : parseRetention(options.retention)
  const connection = await resolveKafkaConnection(options.kafka, options.environment)
  const topics = {
    include: options.topics.include.map(parseTopicMatcher),
    exclude: options.topics.exclude.map(parseTopicMatcher),
  }
  await using storage = await openStorageToFill(options.storage, onWarning)
  await using cluster = await KafkaCluster.connect({
    connection,
    clock: systemClock,
    random: systemRandom,
  })
  const metrics = new BackupMetrics(systemClock)
  await using _server = await serveMetrics(metrics, options.metricsAddress, options.onNote)
  const writerName = nameWriter(options.storage.plugins.app.version)
  await using worker = await Worker.start({
    storage,
    clock: systemClock,
    random: systemRandom,
    timing,
    description: writerName,
    onWarning,
    ...(retention && { retention }),
    ...(lease.identity === undefined ? {} : { identity: lease.identity }),
  })
  const progress = new CaptureProgress(options.onProgress)
  let committed: CaptureReport | undefined
  const onEnded = (report: CaptureReport): void => {
    committed = report
  }
  try {
    const report = await capture({
      cluster,
      storage,
      topics,
      mode: options.mode,
      segment: options.segment,
      budgetBytes: options.budgetBytes,
      leaseWaitMs: lease.waitMs,
      codec: options.codec,
      worker,
      ids: new UlidSource({ clock: systemClock, random: systemRandom }),
      clock: systemClock,
      observer: { ...observe(progress, metrics, onWarning), onEnded },
      signal,
    })
    return { report: describeReport(report, options.storage.url), error: undefined }
  } catch (thrown) {
    const error = namedLease(thrown, options.storage.url)
    if (committed === undefined || isEmpty(committed)) throw error
    return {
      report: describeReport(committed, options.storage.url),
      error: asKanneryError(error),
    }
  }
}

/** No topic was found to back up. */
function isEmpty({ topics, failed }: CaptureReport): boolean {
  return topics.length === 0 && failed.length === 0
}

function describeReport({ topics, failed }: CaptureReport, url: URL): BackupReport {
  return {
    topics,
    failed: failed.map(({ topic, error }) =>
      failedTopic(topic, asKanneryError(namedLease(error, url))),
    ),
  }
}

/** Less leaves no time to renew a lease over a network. */
const leastTtlMs = 1000

/**
 * Renewal, deadline and slack follow from the ttl in the proportions of the five-minute default.
 * @throws CONFIG_INVALID
 */
export function leaseTiming(ttlMs: number): LeaseTiming {
  if (ttlMs < leastTtlMs) {
    throw new KanneryError('CONFIG_INVALID', `a lease cannot live for ${ttlMs} ms only`, {
      remedy: 'Let it live for a second at least; 5m is usual.',
    })
  }
  return {
    ttlMs,
    renewEveryMs: Math.floor(ttlMs / 3),
    deadlineMs: Math.floor((ttlMs * 3) / 4),
    slackMs: Math.min(5000, Math.floor(ttlMs / 10)),
  }
}

/** Who a person finds as the holder of a lease. */
export function nameWriter(version: string): string {
  return `${hostname()} (pid ${process.pid}, kannery ${version})`
}

/**
 * Core does not always know how a person calls the storage; who is told about a lease wants to
 * know.
 */
export function namedLease<E>(error: E, url: URL): E | KanneryError {
  if (!KanneryError.is(error, 'LEASE_HELD')) return error
  const location = shownLocation(url)
  const { advice } = error
  return error.with({
    advice: advice?.id === 'wait-or-break-lease' ? { ...advice, storage: location } : advice,
    facts: { location },
  })
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
    onOpened(event) {
      metrics.opened(event)
    },
    onCommitted(event) {
      metrics.committed(event)
    },
    onGap(event) {
      metrics.lost(event)
    },
    onWarning,
  }
}
