import { removeTopicHolds } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { describeFailed } from '../../terminal/failures.ts'
import { storageArgument } from '../options/storage-options.ts'
import { retentionWork, topicOption } from './retention-options.ts'

export const holdRmCommand: CommandDeclaration = defineCommand({
  name: 'hold rm',
  summary: 'remove a hold',
  description:
    'The next backup or prune marks what is older than the retention as expired; it is deleted a day later, unless another hold or a point keeps it.',
  arguments: { storage: storageArgument, name: { description: 'the name of the hold' } },
  options: { topic: topicOption },
  examples: ['kannery hold rm ./backups audit --topic orders'],
  async run(invocation) {
    const { name } = invocation.arguments
    const {
      done: topics,
      failed,
      error,
    } = await removeTopicHolds(name, await retentionWork(invocation))
    if (topics.length === 0) {
      throw (
        error ??
        new KanneryError('CONFIG_INVALID', `no topic has a hold "${name}"`, {
          remedy: 'kannery hold ls lists the holds.',
        })
      )
    }
    const lines = topics.map((topic) => `${topic} is no longer held: ${name}`)
    const text = [...lines, ...describeFailed(failed)].join('\n')
    await invocation.terminal.result({ topics, failed }, text)
    if (error !== undefined) throw error
  },
})
