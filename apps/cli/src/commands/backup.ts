import type { CaptureReport } from '@kannery/kafka'
import { type BackupProgress, parseDuration, parseSize, runBackup, systemClock } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { describeError } from '../terminal/error-report.ts'
import { formatBytes, formatCount, formatTable } from '../terminal/format.ts'
import { Progress } from '../terminal/progress.ts'
import { kafkaFlags, kafkaOptions } from './kafka-options.ts'
import { storageAt } from './storage-options.ts'

export const backupCommand: CommandDeclaration = {
  name: 'backup',
  summary: 'back up topics into a storage',
  description:
    'Reads topics from Kafka and writes them into a storage, from where the last backup ended. Without --once it follows the topics until Ctrl-C, which commits what is open and releases the leases.',
  arguments: [],
  options: [
    ...kafkaOptions('from'),
    { name: 'to', value: 'storage', description: 'where the backup goes', required: true },
    {
      name: 'topic',
      short: 't',
      value: 'pattern',
      description: "a topic: its name, a glob such as 'orders.*', or a regular expression between slashes",
      repeatable: true,
      required: true,
    },
    { name: 'exclude', value: 'pattern', description: 'topics to leave out; wins over --topic', repeatable: true },
    { name: 'once', description: 'end when all that was there at the start is stored' },
    {
      name: 'transaction-patience',
      value: 'duration',
      description: 'with --once: how long to wait for open transactions to end',
      default: '30s',
    },
    {
      name: 'codec',
      value: 'codec',
      description: 'how to compress what the producers did not',
      choices: ['zstd', 'none'],
      default: 'zstd',
    },
    { name: 'segment-size', value: 'size', description: 'when a segment is closed by size', default: '64MiB' },
    {
      name: 'segment-age',
      value: 'duration',
      description: 'when a segment is closed by age: what a crash can cost at most',
      default: '5m',
    },
    { name: 'memory', value: 'size', description: 'the budget for data on its way', default: '256MiB' },
    {
      name: 'lease-ttl',
      value: 'duration',
      description: 'how long a silent backup counts as alive before another takes over',
      default: '5m',
    },
    {
      name: 'metrics',
      value: '[host:]port',
      description: 'serve Prometheus metrics; on the loopback address unless a host is given',
    },
  ],
  examples: [
    'kannery backup --from localhost:9092 --to ./backups --topic orders --once',
    "kannery backup --from-config client.properties --to ./backups --topic 'orders.*' --exclude '*.tmp'",
  ],
  run,
}

async function run({ options, terminal, environment, directory, signal }: Invocation): Promise<void> {
  const progress = new Progress(terminal, 'backup', systemClock.monotonic)
  const once = options.flag('once')
  try {
    const report = await runBackup({
      kafka: kafkaFlags('from', options),
      environment,
      storage: storageAt(options.text('to') ?? '', directory),
      topics: { include: options.list('topic'), exclude: options.list('exclude') },
      mode: once
        ? { kind: 'once', openTransactionPatienceMs: parseDuration(options.text('transaction-patience') ?? '') }
        : { kind: 'continuous' },
      codec: options.text('codec') === 'none' ? 'none' : 'zstd',
      segment: {
        maxBytes: parseSize(options.text('segment-size') ?? ''),
        maxAgeMs: parseDuration(options.text('segment-age') ?? ''),
      },
      budgetBytes: parseSize(options.text('memory') ?? ''),
      leaseTtlMs: parseDuration(options.text('lease-ttl') ?? ''),
      metricsAddress: options.text('metrics'),
      signal,
      onProgress: ({ records, bytes, total }: BackupProgress) =>
        progress.update(records, bytes, once ? total : undefined),
      onWarning: (warning) => {
        progress.finish()
        terminal.say(`warning: ${describeError(warning)}`)
      },
      onReady: (line) => terminal.say(line),
    })
    progress.finish()
    await terminal.result(report, describeReport(report))
  } finally {
    progress.finish()
  }
}

function describeReport(report: CaptureReport): string {
  return formatTable(
    ['TOPIC', 'PARTITIONS', 'RECORDS', 'SIZE', 'SEGMENTS'],
    report.topics.map((topic) => [
      topic.topic,
      formatCount(topic.partitions),
      formatCount(topic.records),
      formatBytes(topic.bytes),
      formatCount(topic.segments),
    ]),
  )
}
