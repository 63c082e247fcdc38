import { addTopicPoints } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../../command.ts'
import { storageArgument } from '../options/storage-options.ts'
import { formatPoints } from './point-ls.ts'
import { retentionWork, topicOption } from './retention-options.ts'

export const pointAddCommand: CommandDeclaration = {
  name: 'point add',
  summary: 'keep what a backup holds at this moment',
  description:
    'What the backup held at the moment does not expire until the point is removed. A point with a name stays until it is removed by it; those without are thinned out by kannery point rm --keep-daily and the like. Works beside a running backup.',
  arguments: [storageArgument],
  options: [
    topicOption,
    { name: 'name', value: 'name', description: 'the name of the point' },
    { name: 'at', value: 'time', description: 'a moment that has passed; now without it' },
  ],
  examples: ['kannery point add ./backups', 'kannery point add ./backups --name before-migration'],
  run,
}

async function run(invocation: Invocation): Promise<void> {
  const { options, terminal } = invocation
  const [name, at] = [options.text('name'), options.text('at')]
  const wanted = { ...(name === undefined ? {} : { name }), ...(at === undefined ? {} : { at }) }
  const { done: points, failed, error } = await addTopicPoints(wanted, retentionWork(invocation))
  await terminal.result({ points, failed }, formatPoints(points, failed))
  if (error !== undefined) throw error
}
