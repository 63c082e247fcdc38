import { parseRetention } from '@kannery/core/retention'
import { UlidSource } from '@kannery/core/ulid'
import { Worker } from '@kannery/core/writing'
import type { CaptureObserver, CaptureOptions, CaptureReport } from '@kannery/kafka'
import type { Backup, KafkaCluster, Storage } from '@kannery/resources'
import type { KanneryError, StorageBackend } from '@kannery/storage'
import { connectKafka, kafkaConnection } from '../kafka/connect.ts'
import type { BackupMetrics } from '../metrics/backup-metrics.ts'
import type { PluginSources } from '../plugins/plugin-sources.ts'
import { locationOf } from '../storage/configured-backend.ts'
import { openStorageToFill } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'
import { type BackupProgress, CaptureProgress } from './capture-progress.ts'
import type { JobContext, JobObserver } from './job-context.ts'
import { asKanneryError, type FailedTopic, failedTopic, type Outcome } from './topics/outcome.ts'
import { leaseTiming, namedLease, nameWriter } from './topics/writer.ts'

/** A Backup with the documents that it refers to. */
export interface BackupJob {
  readonly backup: Backup
  readonly storage: Storage
  readonly kafkaCluster: KafkaCluster
}

/** What a backup reports while it runs. */
export interface BackupObserver extends JobObserver {
  onProgress?(progress: BackupProgress): void
}

/** What a backup did. */
export interface BackupReport {
  /** What was committed, in order of the topics' names. */
  readonly topics: CaptureReport['topics']
  /** Topics that could not be backed up, or not to their end. */
  readonly failed: readonly FailedTopic[]
}

/**
 * Backs topics up until all is stored (once) or until the signal (continuous). In both cases open
 * segments are committed and the leases are released before it resolves.
 *
 * @throws what keeps it from beginning: CONFIG_INVALID, PLUGIN_*, STORAGE_*, KAFKA_*
 */
export async function runBackup(
  { backup, storage: document, kafkaCluster }: BackupJob,
  { plugins, environment, signal, observer }: JobContext<BackupObserver>,
): Promise<Outcome<BackupReport>> {
  const { topics, excludeTopics = [], lease, metrics: exposed } = backup.spec
  const { capture, parseTopicMatcher } = await import('@kannery/kafka')
  const { BackupMetrics } = await import('../metrics/backup-metrics.ts')
  // An import of node:http alone takes 40 ms: it loads all of fetch.
  const { serveMetrics } = await import('../metrics/metrics-server.ts')
  const onNote = (text: string): void => observer.onNote?.(text)
  const location = { storage: document, plugins, environment, onNote }
  const selection = {
    include: topics.map(parseTopicMatcher),
    exclude: excludeTopics.map(parseTopicMatcher),
  }
  const connection = await kafkaConnection(kafkaCluster, environment)
  await using storage = await openStorageToFill(location, (warning) =>
    observer.onWarning?.(warning),
  )
  const place = locationOf(storage, document)
  const onWarning = (warning: KanneryError): void => {
    observer.onWarning?.(namedLease(warning, place))
  }
  await using cluster = await connectKafka(connection)
  const metrics = new BackupMetrics(systemClock)
  await using _server = await serveMetrics(metrics, exposed?.address, onNote)
  await using worker = await startWorker(storage, backup, { plugins, onWarning })
  const progress = new CaptureProgress((event) => observer.onProgress?.(event))
  let committed: CaptureReport | undefined
  const onEnded = (report: CaptureReport): void => {
    committed = report
  }
  try {
    const report = await capture({
      ...captureOptions(backup),
      cluster,
      storage,
      topics: selection,
      leaseWaitMs: lease.wait,
      worker,
      ids: new UlidSource({ clock: systemClock, random: systemRandom }),
      clock: systemClock,
      observer: { ...observe(progress, metrics, onWarning), onEnded },
      signal,
    })
    return { report: describeReport(report, place), error: undefined }
  } catch (thrown) {
    const error = namedLease(thrown, place)
    if (committed === undefined || isEmpty(committed)) throw error
    return { report: describeReport(committed, place), error: asKanneryError(error) }
  }
}

function captureOptions({
  spec: { once, segment, memory, codec },
}: Backup): Pick<CaptureOptions, 'mode' | 'segment' | 'budgetBytes' | 'codec'> {
  return {
    mode:
      once === undefined
        ? { kind: 'continuous' }
        : { kind: 'once', openTransactionPatienceMs: once.transactionPatience },
    segment: { maxBytes: segment.maxSize, maxAgeMs: segment.maxAge },
    budgetBytes: memory,
    codec,
  }
}

async function startWorker(
  storage: StorageBackend,
  { spec: { lease, retention } }: Backup,
  {
    plugins,
    onWarning,
  }: {
    readonly plugins: PluginSources
    readonly onWarning: (warning: KanneryError) => void
  },
): Promise<Worker> {
  return await Worker.start({
    storage,
    clock: systemClock,
    random: systemRandom,
    timing: leaseTiming(lease.ttl),
    description: nameWriter(plugins.app.version),
    onWarning,
    retention: retention === undefined ? undefined : parseRetention(retention),
    identity: lease.identity,
  })
}

/** No topic was found to back up. */
function isEmpty({ topics, failed }: CaptureReport): boolean {
  return topics.length === 0 && failed.length === 0
}

function describeReport({ topics, failed }: CaptureReport, location: string): BackupReport {
  return {
    topics,
    failed: failed.map(({ topic, error }) =>
      failedTopic(topic, asKanneryError(namedLease(error, location))),
    ),
  }
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
