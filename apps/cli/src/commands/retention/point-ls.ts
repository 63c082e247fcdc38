import { type FailedTopic, listTopicPoints, type TopicPoint } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { describeFailed } from '../../terminal/failures.ts'
import { formatTable } from '../../terminal/format.ts'
import { storageArgument } from '../options/storage-options.ts'
import { retentionWork, topicOption } from './retention-options.ts'

export const pointLsCommand: CommandDeclaration = defineCommand({
  name: 'point ls',
  summary: 'list the points of topics',
  description: 'Lists every point with its moment, by the clock of the storage.',
  arguments: { storage: storageArgument },
  options: { topic: topicOption },
  examples: ['kannery point ls ./backups'],
  async run(invocation) {
    const { done: points, failed, error } = await listTopicPoints(await retentionWork(invocation))
    await invocation.terminal.result({ points, failed }, formatPoints(points, failed))
    if (error !== undefined) throw error
  },
})

export function formatPoints(
  points: readonly TopicPoint[],
  failed: readonly FailedTopic[],
): string {
  const table = formatTable(
    ['TOPIC', 'AT', 'NAME'],
    points.map(({ topic, at, name = '' }) => [topic, at, name]),
  )
  return [table, ...describeFailed(failed)].join('\n')
}
