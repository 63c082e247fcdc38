import { addTopicHolds } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { text } from '../../options.ts'
import { describeFailed } from '../../terminal/failures.ts'
import { storageArgument } from '../options/storage-options.ts'
import { retentionWork, topicOption } from './retention-options.ts'

export const holdAddCommand: CommandDeclaration = defineCommand({
  name: 'hold add',
  summary: 'keep everything of a topic until the hold is removed',
  description:
    'Until the hold is removed, nothing of the topic expires, and nothing that is marked as expired is deleted. Can be used while a backup runs.',
  arguments: { storage: storageArgument, name: { description: 'the name of the hold' } },
  options: { topic: topicOption, reason: text({ description: 'a reason, for people' }) },
  examples: ['kannery hold add ./backups audit --topic orders --reason "case 4711"'],
  async run(invocation) {
    const { terminal } = invocation
    const { name } = invocation.arguments
    const { reason } = invocation.options
    const hold = { name, ...(reason === undefined ? {} : { reason }) }
    const {
      done: topics,
      failed,
      error,
    } = await addTopicHolds(hold, await retentionWork(invocation))
    const lines = topics.map((topic) => `${topic} is held: ${name}`)
    await terminal.result({ topics, failed }, [...lines, ...describeFailed(failed)].join('\n'))
    if (error !== undefined) throw error
  },
})
