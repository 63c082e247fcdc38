import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { restoreFields } from '../../documents/field-options.ts'
import { kafkaClusterDocument } from '../../documents/kafka-cluster.ts'
import { restoreDocument } from '../../documents/restore.ts'
import { storageDocument } from '../../documents/storage.ts'
import { choice, flag, integer, text } from '../../options.ts'
import { kafkaOptions } from '../options/kafka-options.ts'
import { selectionOptions } from '../options/selection-options.ts'
import { dryRunOption, runOrPrint } from './run-documents.ts'

export const restoreCommand: CommandDeclaration = defineCommand({
  name: 'restore',
  summary: 'restore topics from a storage into Kafka',
  description:
    'Creates each topic with the configuration that it had and writes its records into it: key, value, headers, timestamp and order are those of the backup, except for headers that are dropped or added. The target topics must be absent or empty. Nothing is written before all checks of all targets have passed; then one topic that fails does not keep the others.',
  arguments: {},
  options: {
    from: text({ value: 'storage', description: 'the storage of the backup', required: true }),
    ...kafkaOptions('to'),
    topic: text({
      short: 't',
      value: 'pattern',
      description:
        "a topic in the backup: its name, a glob such as 'orders.*', or a regular expression between slashes",
      repeatable: true,
      commas: true,
      required: true,
    }),
    exclude: text({
      value: 'pattern',
      description: 'topics to leave out; wins over --topic',
      repeatable: true,
      commas: true,
    }),
    as: text({
      value: 'name',
      description: 'the name of the restored topic; defaults to its name in the backup',
    }),
    map: text({
      value: 'from=to',
      description: 'a topic that --topic selects, and its name in the target cluster',
      repeatable: true,
      commas: true,
    }),
    prefix: text({
      value: 'text',
      description: 'text to put before the names of the other topics',
    }),
    suffix: text({ value: 'text', description: 'text to put after the names of the other topics' }),
    ...selectionOptions,
    parallelism: integer({ min: 1, max: 1000 })({
      description: 'how many topics to restore at the same time; defaults to 4',
    }),
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
      description:
        'a header to leave out of the restored records; one with a comma in its name can be left out by a document',
      repeatable: true,
      commas: true,
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
    'dry-run': dryRunOption,
  },
  examples: [
    'kannery restore --from ./backups --to localhost:9092 --topic orders --as orders-copy --verify',
    "kannery restore --from ./backups --to localhost:9092 --topic 'orders.*' --prefix copy- --map orders.eu=eu-orders",
    'kannery restore --from ./backups --to localhost:9092 --topic orders --until 2026-11-23T10:00Z',
    'kannery restore --from ./backups --to localhost:9092 --topic orders --drop-headers traceparent --verify',
  ],
  finishing: 'waiting for the acknowledgement of what was sent',
  async run(invocation) {
    const { options } = invocation
    const documents = [
      await storageDocument(options.from, invocation),
      await kafkaClusterDocument(options, invocation),
      await restoreDocument(options),
    ]
    const { dryRun } = options
    await runOrPrint(documents, { dryRun, fields: restoreFields(options) }, invocation)
  },
})
