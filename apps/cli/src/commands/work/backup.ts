import type { AnewReason, TopicReport } from '@kannery/kafka'
import { parseDuration, parseSize } from '@kannery/resources/values'
import { type BackupReport, runBackup, systemClock } from '@kannery/runtime'
import type { CommandDeclaration, Invocation, OptionValues } from '../../command.ts'
import { describeFailed } from '../../terminal/failed-topics.ts'
import { formatBytes, formatCount, formatTable } from '../../terminal/format.ts'
import { Progress } from '../../terminal/progress.ts'
import { kafkaFlags, kafkaOptions } from '../options/kafka-options.ts'
import { storageAt } from '../options/storage-options.ts'

export const identityVariable = 'KANNERY_IDENTITY'

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
      description:
        "a topic: its name, a glob such as 'orders.*', or a regular expression between slashes",
      repeatable: true,
      required: true,
    },
    {
      name: 'exclude',
      value: 'pattern',
      description: 'topics to leave out; wins over --topic',
      repeatable: true,
    },
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
    {
      name: 'segment-size',
      value: 'size',
      description:
        'when a segment is closed by size: the chunk that fills it, of about 1 MiB, still goes in',
      default: '64MiB',
    },
    {
      name: 'segment-age',
      value: 'duration',
      description: 'when a segment is closed by age: what a crash can cost at most',
      default: '5m',
    },
    {
      name: 'memory',
      value: 'size',
      description: 'the budget for data on its way',
      default: '256MiB',
    },
    {
      name: 'lease-ttl',
      value: 'duration',
      description: 'how long a silent backup counts as alive before another takes over',
      default: '5m',
    },
    {
      name: 'wait',
      value: 'duration',
      implied: '5m',
      description: 'how long to wait for a lease that somebody else holds, instead of failing',
    },
    {
      name: 'retention',
      value: 'duration',
      description:
        'how long to keep what is stored from now on, such as 30d, or keep; without it, as the backup says already. What is older is marked, and deleted a day later',
    },
    {
      name: 'identity',
      value: 'name',
      description: `a name that only this backup has, over restarts: its own lease is then taken over at once (or set ${identityVariable})`,
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
  finishing: 'committing what is open and releasing the leases',
  run,
}

async function run(invocation: Invocation): Promise<void> {
  const { options, terminal, environment, signal } = invocation
  const progress = new Progress(terminal, 'backup', systemClock)
  const once = options.flag('once')
  const wait = options.text('wait')
  if (!once) terminal.note('following the topics; Ctrl-C commits what is open and ends it')
  const { report, error } = await runBackup({
    kafka: kafkaFlags('from', options),
    environment,
    storage: storageAt(options.text('to'), invocation),
    topics: { include: options.list('topic'), exclude: options.list('exclude') },
    mode: once
      ? { kind: 'once', openTransactionPatienceMs: duration(options, 'transaction-patience') }
      : { kind: 'continuous' },
    codec: options.text('codec') === 'none' ? 'none' : 'zstd',
    segment: {
      maxBytes: size(options, 'segment-size'),
      maxAgeMs: duration(options, 'segment-age'),
    },
    budgetBytes: size(options, 'memory'),
    lease: {
      ttlMs: duration(options, 'lease-ttl'),
      waitMs: wait === undefined ? 0 : parseDuration(wait),
      identity: options.text('identity') ?? environment[identityVariable],
    },
    retention: options.text('retention'),
    metricsAddress: options.text('metrics'),
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
}

function duration(options: OptionValues, name: string): number {
  return parseDuration(options.text(name) ?? '')
}

function size(options: OptionValues, name: string): number {
  return parseSize(options.text(name) ?? '')
}

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

/** What is to be seen even where warnings are thrown away. */
function describeLosses({ topic, gaps, begun }: TopicReport): string[] {
  return [
    ...begun.map(
      ({ incarnation, reason }) => `${topic}: ${anew[reason]}: incarnation ${incarnation}`,
    ),
    ...gaps.map(({ partition, offsets: [from, next], reason }) => {
      return `${topic}: offsets ${from}..${next} of partition ${partition} are missing: ${reason}`
    }),
  ]
}

const anew: Readonly<Record<AnewReason, string>> = {
  'created-again': 'the topic was deleted and created again',
  truncated: 'the log was truncated',
}
