import { addTopicPoints } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { text, time } from '../../options.ts'
import { storageArgument } from '../options/storage-options.ts'
import { formatPoints } from './point-ls.ts'
import { retentionWork, topicOption } from './retention-options.ts'

export const pointAddCommand: CommandDeclaration = defineCommand({
  name: 'point add',
  summary: 'keep what a backup holds at this moment',
  description:
    'What the backup held at the moment does not expire until the point is removed. A point with a name stays until it is removed by it; those without are thinned out by kannery point rm --keep-daily and the like. Works beside a running backup.',
  arguments: { storage: storageArgument },
  options: {
    topic: topicOption,
    name: text({ value: 'name', description: 'the name of the point' }),
    at: time({ description: 'a moment that has passed; now without it' }),
  },
  examples: ['kannery point add ./backups', 'kannery point add ./backups --name before-migration'],
  async run(invocation) {
    const { terminal } = invocation
    const { name, at } = invocation.options
    const wanted = {
      ...(name === undefined ? {} : { name }),
      ...(at === undefined ? {} : { at: at.toISOString() }),
    }
    const { done: points, failed, error } = await addTopicPoints(wanted, retentionWork(invocation))
    await terminal.result({ points, failed }, formatPoints(points, failed))
    if (error !== undefined) throw error
  },
})
