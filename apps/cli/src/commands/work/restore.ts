import type { RetentionChoice } from '@kannery/kafka'
import { runRestore, systemClock } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import type { CommandDeclaration, Invocation } from '../../command.ts'
import { Progress } from '../../terminal/progress.ts'
import { describePlan, describeReport } from '../../terminal/restore-report.ts'
import { kafkaFlags, kafkaOptions } from '../options/kafka-options.ts'
import { selectionOf, selectionOptions } from '../options/selection-options.ts'
import { storageAt } from '../options/storage-options.ts'

export const restoreCommand: CommandDeclaration = {
  name: 'restore',
  summary: 'restore a topic from a storage into Kafka',
  description:
    'Creates the topic as it was and writes its records into it: key, value, headers, timestamp and order are those of the backup. The target topic must be absent or empty. Nothing is written before all checks of the target have passed.',
  arguments: [],
  options: [
    { name: 'from', value: 'storage', description: 'where the backup is', required: true },
    ...kafkaOptions('to'),
    {
      name: 'topic',
      short: 't',
      value: 'name',
      description: 'the topic in the backup',
      required: true,
    },
    {
      name: 'as',
      value: 'name',
      description: 'the name of the restored topic, if it is to be another',
    },
    ...selectionOptions,
    {
      name: 'replication-factor',
      value: 'number',
      description: "of a topic that is created; else the source's, or as many as there are brokers",
    },
    {
      name: 'retention',
      value: 'choice',
      description:
        'where the retention of the topic would delete restored records at once: source lets it, keep leaves it off',
      choices: ['source', 'keep'],
    },
    { name: 'verify', description: 'read the restored topic back and compare it record by record' },
    {
      name: 'skip-damaged',
      description: 'leave out what is damaged, name it, and restore the rest',
    },
  ],
  examples: [
    'kannery restore --from ./backups --to localhost:9092 --topic orders --as orders-copy --verify',
    'kannery restore --from ./backups --to localhost:9092 --topic orders --until 2026-11-23T10:00Z',
  ],
  finishing: 'waiting for what was sent',
  run,
}

async function run(invocation: Invocation): Promise<void> {
  const { options, terminal, environment, signal } = invocation
  const progress = new Progress(terminal, 'restore', systemClock)
  const { report, error } = await runRestore({
    ...selectionOf(options, systemClock.now()),
    storage: storageAt(options.text('from'), invocation),
    kafka: kafkaFlags('to', options),
    environment,
    topic: options.text('topic') ?? '',
    as: options.text('as'),
    replicationFactor: parseReplicationFactor(options.text('replication-factor')),
    retention: parseRetention(options.text('retention')),
    verify: options.flag('verify'),
    skipDamaged: options.flag('skip-damaged'),
    signal,
    onPlanned: (plan) => {
      for (const note of describePlan(plan)) terminal.note(note)
    },
    onWarning: (warning) => terminal.warning(warning),
    onProgress: (advance) => progress.update(advance),
  })
  await terminal.result(report, describeReport(report))
  if (error !== undefined) throw error
}

/** The parser has checked the choices. */
function parseRetention(text: string | undefined): RetentionChoice | undefined {
  return text === 'source' || text === 'keep' ? text : undefined
}

function parseReplicationFactor(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const factor = Number(text)
  if (Number.isInteger(factor) && factor >= 1 && factor <= 32_767) return factor
  throw new KanneryError('CONFIG_INVALID', `not a replication factor: ${JSON.stringify(text)}`, {
    remedy: 'Write a whole number from 1 on.',
  })
}
