import { type AcceptedIndex, acceptBackupIndex } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { flag } from '../../options.ts'
import { formatCount } from '../../terminal/format.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const indexAcceptCommand: CommandDeclaration = defineCommand({
  name: 'index accept',
  summary: 'accept an index that you edited by hand',
  description:
    'An index ends in a checksum, so an edit makes it unreadable until it is accepted. The command checks the fields, and reports files that the index does not name and missing files that it names. A running backup continues from the edit. A truncated index is never accepted.',
  arguments: { storage: storageArgument, topic: { description: 'the topic' } },
  options: {
    'dry-run': flag({ description: 'check the index and show what it means; write nothing' }),
  },
  examples: [
    'kannery index accept ./backups orders --dry-run',
    'kannery index accept ./backups orders',
  ],
  async run(invocation) {
    const { options, terminal } = invocation
    const { storage, topic } = invocation.arguments
    const result = await acceptBackupIndex({
      storage: await storageAt(storage, invocation),
      topic,
      dryRun: options.dryRun,
      onWarning: (warning) => terminal.warning(warning),
    })
    await terminal.result(result, describe(result))
  },
})

function describe(result: AcceptedIndex): string {
  const { topic, segments, records, unnamed, absent } = result
  const holds = `topic "${topic}", ${formatCount(segments)} segments, ${formatCount(records)} records`
  return [
    ...unnamed.map(
      (key) => `UNNAMED  ${key}: the index does not name it; a restore does not see it`,
    ),
    ...absent.map((key) => `ABSENT   ${key}: the index names it`),
    `${outcome(result)}: ${holds}`,
  ].join('\n')
}

function outcome({ edited, accepted }: AcceptedIndex): string {
  if (!edited) return 'not edited'
  return accepted ? 'accepted' : 'would be accepted'
}
