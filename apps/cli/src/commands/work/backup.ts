import type { AnewReason, TopicReport } from '@kannery/kafka'
import { type BackupReport, runBackup, systemClock } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { choice, duration, flag, retention, size, text } from '../../options.ts'
import { describeFailed } from '../../terminal/failed-topics.ts'
import { formatBytes, formatCount, formatTable } from '../../terminal/format.ts'
import { Progress } from '../../terminal/progress.ts'
import { kafkaFlags, kafkaOptions } from '../options/kafka-options.ts'
import { storageAt } from '../options/storage-options.ts'

export const identityVariable = 'KANNERY_IDENTITY'

export const backupCommand: CommandDeclaration = defineCommand({
  name: 'backup',
  summary: 'back up topics into a storage',
  description:
    'Reads topics from Kafka and writes them into a storage, and continues where the last backup ended. Without --once it follows the topics until Ctrl-C, which commits what is open and releases the leases.',
  arguments: {},
  options: {
    ...kafkaOptions('from'),
    to: text({ value: 'storage', description: 'the storage of the backup', required: true }),
    topic: text({
      short: 't',
      value: 'pattern',
      description:
        "a topic: its name, a glob such as 'orders.*', or a regular expression between slashes",
      repeatable: true,
      required: true,
    }),
    exclude: text({
      value: 'pattern',
      description: 'topics to leave out; takes precedence over --topic',
      repeatable: true,
    }),
    once: flag({
      description: 'end when everything up to the ends of the partitions at the start is stored',
    }),
    'transaction-patience': duration({
      description: 'with --once: how long to wait for open transactions to end',
      default: '30s',
    }),
    codec: choice(['zstd', 'none'])({
      value: 'codec',
      description: 'how to compress what producers did not compress',
      default: 'zstd',
    }),
    'segment-size': size({
      description:
        'the size at which a segment is closed; it may exceed this by one chunk, about 1 MiB',
      default: '64MiB',
    }),
    'segment-age': duration({
      description: 'the age at which a segment is closed; a crash loses at most this much work',
      default: '5m',
    }),
    memory: size({
      description: 'the budget of memory for data between Kafka and the storage',
      default: '256MiB',
    }),
    'lease-ttl': duration({
      description:
        'how long a backup without a heartbeat counts as alive before another takes over',
      default: '5m',
    }),
    wait: duration({
      implied: '5m',
      description: 'how long to wait for a lease that another writer holds, instead of failing',
    }),
    retention: retention({
      description:
        'how long to keep what is stored from now on, such as 30d, or keep; defaults to the retention that the backup has. What is older is marked, and deleted a day later',
    }),
    identity: text({
      value: 'name',
      description: `a name that this backup alone uses, and keeps over restarts, so that it takes its own lease back at once (or set ${identityVariable})`,
    }),
    metrics: text({
      value: '[host:]port',
      description: 'serve Prometheus metrics at this address; the host defaults to loopback',
    }),
  },
  examples: [
    'kannery backup --from localhost:9092 --to ./backups --topic orders --once',
    "kannery backup --from-config client.properties --to ./backups --topic 'orders.*' --exclude '*.tmp'",
  ],
  finishing: 'committing what is open and releasing the leases',
  async run(invocation) {
    const { options, terminal, environment, signal } = invocation
    const progress = new Progress(terminal, 'backup', systemClock)
    const { once } = options
    if (!once) terminal.note('following the topics; Ctrl-C commits what is open and ends it')
    const { report, error } = await runBackup({
      kafka: kafkaFlags(options),
      environment,
      storage: storageAt(options.to, invocation),
      topics: { include: options.topic, exclude: options.exclude },
      mode: once
        ? { kind: 'once', openTransactionPatienceMs: options.transactionPatience }
        : { kind: 'continuous' },
      codec: options.codec,
      segment: {
        maxBytes: options.segmentSize,
        maxAgeMs: options.segmentAge,
      },
      budgetBytes: options.memory,
      lease: {
        ttlMs: options.leaseTtl,
        waitMs: options.wait ?? 0,
        identity: options.identity ?? environment[identityVariable],
      },
      retention: options.retention,
      metricsAddress: options.metrics,
      signal,
      onProgress: ({ records, bytes, total }) =>
        progress.update({ records, bytes, total: once ? total : undefined }),
      onWarning: (warning) => terminal.warning(warning),
      onNote: (text) => terminal.note(text),
    })
    await terminal.result(report, describeReport(report))
    // A backup without an end is ended by an interruption; one that should have stored all was cut
    // short by it.
    if (error !== undefined) throw error
    if (once) signal.throwIfAborted()
  },
})

function describeReport({ topics, failed }: BackupReport): string {
  const table = formatTable(
    ['TOPIC', 'PARTITIONS', 'RECORDS', 'SIZE', 'SEGMENTS'],
    topics.map((topic) => [
      topic.topic,
      formatCount(topic.partitions),
      formatCount(topic.records),
      formatBytes(topic.bytes),
      formatCount(topic.segments),
    ]),
  )
  return [table, ...topics.flatMap(describeLosses), ...describeFailed(failed)].join('\n')
}

/** Losses stand in the report too, in case warnings are not kept. */
function describeLosses({ topic, gaps, begun }: TopicReport): string[] {
  return [
    ...begun.map(
      ({ incarnation, reason }) => `${topic}: ${beginnings[reason]}: incarnation ${incarnation}`,
    ),
    ...gaps.map(({ partition, offsets: [from, next], reason }) => {
      return `${topic}: offsets ${from}..${next} of partition ${partition} are missing: ${reason}`
    }),
  ]
}

const beginnings: Readonly<Record<AnewReason, string>> = {
  'created-again': 'the topic was deleted and created again',
  truncated: 'the log was truncated',
}
