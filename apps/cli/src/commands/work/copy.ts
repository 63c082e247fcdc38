import { type CopyReport, type Environment, runCopy, systemClock } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { identityVariable } from '../../documents/backup.ts'
import { credentialsVariable } from '../../documents/storage.ts'
import { duration, text } from '../../options.ts'
import { formatBytes, formatCount, formatTable } from '../../terminal/format.ts'
import { Progress } from '../../terminal/progress.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

/** The environment variable for the secrets of the target, if they differ from the source's. */
export const targetCredentialsVariable = 'KANNERY_TARGET_STORAGE_CREDENTIALS'

export const copyCommand: CommandDeclaration = defineCommand({
  name: 'copy',
  summary: 'copy backups into a second storage',
  description:
    'Makes the backups in the target equal to those in the source: it sends only what is new, and compares every byte with the digest in the index. The target can be restored at any moment. A topic in the target that is not a copy of the same backup is left alone. The source is only read.',
  arguments: {
    source: storageArgument,
    target: { description: 'the storage of the copy, of any kind' },
  },
  options: {
    topic: text({
      short: 't',
      value: 'pattern',
      description:
        "a topic: its name, a glob such as 'orders.*', or a regular expression between slashes; defaults to all topics",
      repeatable: true,
      commas: true,
    }),
    watch: duration({
      value: 'interval',
      implied: '1m',
      description: 'follow the source until Ctrl-C, and look for changes at this interval',
    }),
    'lease-ttl': duration({
      description: 'how long a copy without a heartbeat counts as alive before another takes over',
      default: '5m',
    }),
    wait: duration({
      implied: '5m',
      description: 'how long to wait for a lease that another writer holds, instead of failing',
    }),
    identity: text({
      value: 'name',
      description: `a name that this copy alone uses, and keeps over restarts, so that it takes its own lease back at once (or set ${identityVariable})`,
    }),
  },
  examples: [
    'kannery copy ./backups s3://bucket/second',
    "kannery copy s3://bucket/backups gs://other/backups --topic 'orders.*' --watch=5m",
  ],
  finishing: 'releasing the leases; the next copy continues from there',
  async run(invocation) {
    const { options, terminal, environment, signal } = invocation
    const { source, target } = invocation.arguments
    const { watch } = options
    const progress = new Progress(terminal, 'copy', systemClock)
    if (watch !== undefined) terminal.note('following the source; Ctrl-C ends it')
    const { report, error } = await runCopy({
      source: await storageAt(source, invocation),
      target: await storageAt(target, {
        ...invocation,
        environment: environmentOfTarget(environment),
      }),
      topics: options.topic,
      watchEveryMs: watch,
      lease: {
        ttlMs: options.leaseTtl,
        waitMs: options.wait ?? 0,
        identity: options.identity ?? environment[identityVariable],
      },
      signal,
      onProgress: (advance) => progress.update(advance),
      onWarning: (warning) => terminal.warning(warning),
    })
    await terminal.result(report, describe(report))
    if (watch === undefined) signal.throwIfAborted()
    if (error !== undefined) throw error
  },
})

function environmentOfTarget(environment: Environment): Environment {
  const { [credentialsVariable]: ofSource, ...others } = environment
  const path = environment[targetCredentialsVariable] ?? ofSource
  return path === undefined || path === '' ? others : { ...others, [credentialsVariable]: path }
}

function describe({ topics }: CopyReport): string {
  return formatTable(
    ['TOPIC', 'SEGMENTS', 'REUSED', 'RECORDS', 'SIZE', 'DELETED', ''],
    topics.map((topic) => [
      topic.topic,
      formatCount(topic.segments),
      formatCount(topic.reused),
      formatCount(topic.records),
      formatBytes(topic.bytes),
      formatCount(topic.deleted),
      topic.error?.code ?? '',
    ]),
  )
}
