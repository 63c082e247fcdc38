import { listTopicHolds } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { describeFailed } from '../../terminal/failures.ts'
import { formatTable } from '../../terminal/format.ts'
import { storageArgument } from '../options/storage-options.ts'
import { retentionWork, topicOption } from './retention-options.ts'

export const holdLsCommand: CommandDeclaration = defineCommand({
  name: 'hold ls',
  summary: 'list the holds of topics',
  description: 'Lists every hold with its beginning, its end and its reason.',
  arguments: { storage: storageArgument },
  options: { topic: topicOption },
  examples: ['kannery hold ls ./backups'],
  async run(invocation) {
    const { done: holds, failed, error } = await listTopicHolds(await retentionWork(invocation))
    const table = formatTable(
      ['TOPIC', 'HOLD', 'SINCE', 'UNTIL', 'REASON'],
      holds.map(({ topic, name, since = '', until = '', reason = '' }) => [
        topic,
        name,
        since,
        until,
        reason,
      ]),
    )
    const text = [table, ...describeFailed(failed)].join('\n')
    await invocation.terminal.result({ holds, failed }, text)
    if (error !== undefined) throw error
  },
})
