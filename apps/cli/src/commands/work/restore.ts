import { runRestore, systemClock } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { choice, flag, integer, text } from '../../options.ts'
import { Progress } from '../../terminal/progress.ts'
import { describePlan, describeReport } from '../../terminal/restore-report.ts'
import { kafkaFlags, kafkaOptions } from '../options/kafka-options.ts'
import { selectionOf, selectionOptions } from '../options/selection-options.ts'
import { storageAt } from '../options/storage-options.ts'

export const restoreCommand: CommandDeclaration = defineCommand({
  name: 'restore',
  summary: 'restore a topic from a storage into Kafka',
  description:
    'Creates the topic with the configuration that it had and writes its records into it: key, value, headers, timestamp and order are those of the backup, except for headers that are dropped or added. The target topic must be absent or empty. Nothing is written before all checks of the target have passed.',
  arguments: {},
  options: {
    from: text({ value: 'storage', description: 'the storage of the backup', required: true }),
    ...kafkaOptions('to'),
    topic: text({
      short: 't',
      value: 'name',
      description: 'the topic in the backup',
      required: true,
    }),
    as: text({
      value: 'name',
      description: 'the name of the restored topic; defaults to its name in the backup',
    }),
    ...selectionOptions,
    'replication-factor': integer({ min: 1, max: 32_767 })({
      description:
        "the replication factor of a created topic; defaults to the source's, at most the number of brokers",
    }),
    retention: choice(['source', 'keep'])({
      description:
        'what to do if the retention of the topic would delete restored records at once: source lets it, keep turns retention off',
    }),
    'drop-headers': text({
      value: 'name',
      description: 'a header to leave out of the restored records',
      repeatable: true,
    }),
    'original-offset-header': text({
      value: 'name',
      description:
        'a header to add to the restored records: the offset in the backup, as decimal text',
    }),
    verify: flag({ description: 'read the restored topic back and compare it record by record' }),
    'skip-damaged': flag({
      description: 'leave out what is damaged, name it, and restore the rest',
    }),
  },
  examples: [
    'kannery restore --from ./backups --to localhost:9092 --topic orders --as orders-copy --verify',
    'kannery restore --from ./backups --to localhost:9092 --topic orders --until 2026-11-23T10:00Z',
    'kannery restore --from ./backups --to localhost:9092 --topic orders --drop-headers traceparent --verify',
  ],
  finishing: 'waiting for the acknowledgement of what was sent',
  async run(invocation) {
    const { options, terminal, environment, signal } = invocation
    const progress = new Progress(terminal, 'restore', systemClock)
    const { report, error } = await runRestore({
      ...selectionOf(options),
      storage: storageAt(options.from, invocation),
      kafka: kafkaFlags(options),
      environment,
      topic: options.topic,
      as: options.as,
      replicationFactor: options.replicationFactor,
      retention: options.retention,
      dropHeaders: options.dropHeaders,
      originalOffsetHeader: options.originalOffsetHeader,
      verify: options.verify,
      skipDamaged: options.skipDamaged,
      signal,
      onPlanned: (plan) => {
        for (const note of describePlan(plan)) terminal.note(note)
      },
      onWarning: (warning) => terminal.warning(warning),
      onProgress: (advance) => progress.update(advance),
    })
    await terminal.result(report, describeReport(report))
    if (error !== undefined) throw error
  },
})
