import { addTopicPoints } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { text, time } from '../../options.ts'
import { storageArgument } from '../options/storage-options.ts'
import { formatPoints } from './point-ls.ts'
import { retentionWork, topicOption } from './retention-options.ts'

export const pointAddCommand: CommandDeclaration = defineCommand({
  name: 'point add',
  summary: 'keep what a backup holds now',
  description:
    'What the backup holds at the moment of the point does not expire until the point is removed. A point with a name stays until it is removed by its name; points without a name are thinned out by kannery point rm --keep-daily and similar rules. Can be used while a backup runs.',
  arguments: { storage: storageArgument },
  options: {
    topic: topicOption,
    name: text({ value: 'name', description: 'the name of the point' }),
    at: time({ description: 'a moment in the past; defaults to now' }),
  },
  examples: ['kannery point add ./backups', 'kannery point add ./backups --name before-migration'],
  async run(invocation) {
    const { terminal } = invocation
    const { name, at } = invocation.options
    const {
      done: points,
      failed,
      error,
    } = await addTopicPoints({ name, at }, await retentionWork(invocation))
    await terminal.result({ points, failed }, formatPoints(points, failed))
    if (error !== undefined) throw error
  },
})
