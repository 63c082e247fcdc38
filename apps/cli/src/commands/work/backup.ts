import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { backupDocument, identityVariable } from '../../documents/backup.ts'
import { backupFields } from '../../documents/field-options.ts'
import { kafkaClusterDocument } from '../../documents/kafka-cluster.ts'
import { storageDocument } from '../../documents/storage.ts'
import { choice, duration, flag, retention, size, text } from '../../options.ts'
import { kafkaOptions } from '../options/kafka-options.ts'
import { dryRunOption, runOrPrint } from './run-documents.ts'

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
      commas: true,
      required: true,
    }),
    exclude: text({
      value: 'pattern',
      description: 'topics to leave out; takes precedence over --topic',
      repeatable: true,
      commas: true,
    }),
    once: flag({
      description: 'end when everything up to the ends of the partitions at the start is stored',
    }),
    'transaction-patience': duration({
      description: 'with --once: how long to wait for open transactions to end; defaults to 30s',
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
    'dry-run': dryRunOption,
  },
  examples: [
    'kannery backup --from localhost:9092 --to ./backups --topic orders --once',
    "kannery backup --from-config client.properties --to ./backups --topic 'orders.*' --exclude '*.tmp'",
  ],
  finishing: 'committing what is open and releasing the leases',
  async run(invocation) {
    const { options, environment } = invocation
    const identity = options.identity ?? (environment[identityVariable] || undefined)
    const documents = [
      await storageDocument(options.to, invocation),
      await kafkaClusterDocument(options, invocation),
      backupDocument({ ...options, identity }),
    ]
    const { dryRun } = options
    await runOrPrint(documents, { dryRun, fields: backupFields(options) }, invocation)
  },
})
