import { listTopicHolds } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { formatTable } from '../terminal/format.ts'
import { retentionWork, topicOption } from './retention-options.ts'
import { storageArgument } from './storage-options.ts'

export const holdLsCommand: CommandDeclaration = {
  name: 'hold ls',
  summary: 'list what keeps topics from being deleted',
  description: 'Names every hold, since when it is there, and why.',
  arguments: [storageArgument],
  options: [topicOption],
  examples: ['kannery hold ls ./backups'],
  run,
}

async function run(invocation: Invocation): Promise<void> {
  const holds = await listTopicHolds(retentionWork(invocation))
  await invocation.terminal.result(
    { holds },
    formatTable(
      ['TOPIC', 'HOLD', 'SINCE', 'UNTIL', 'REASON'],
      holds.map(({ topic, name, since = '', until = '', reason = '' }) => [
        topic,
        name,
        since,
        until,
        reason,
      ]),
    ),
  )
}
