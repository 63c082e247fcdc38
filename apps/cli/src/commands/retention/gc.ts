import { type CollectedGarbage, type CollectedTopic, collectGarbage } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { flag } from '../../options.ts'
import { formatBytes, formatCount, formatTable } from '../../terminal/format.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'
import { failureLines } from './retention-options.ts'

export const gcCommand: CommandDeclaration = defineCommand({
  name: 'gc',
  summary: 'delete what crashes and old backups left',
  description:
    'Deletes what indexes call garbage, or expired, for a day, wherever nobody writes; the heartbeats of workers that were killed; and uploads that were never finished. Nothing that is younger than a day is touched, and nothing that no index calls garbage: of a crashed backup, the next one does that. What no backup will look at any more (ORPHANS) becomes garbage, and goes a day later. Backups delete their own garbage by themselves.',
  arguments: { storage: storageArgument },
  options: { 'dry-run': flag({ description: 'show what it would delete; write nothing' }) },
  examples: ['kannery gc ./backups --dry-run', 'kannery gc ./backups'],
  async run(invocation) {
    const { options, terminal } = invocation
    const { report, error } = await collectGarbage({
      storage: storageAt(invocation.arguments.storage, invocation),
      dryRun: options.dryRun,
      onWarning: (warning) => terminal.warning(warning),
    })
    await terminal.result(report, describe(report))
    if (error !== undefined) throw error
  },
})

function describe({ topics, failed, heartbeats, unfinishedUploads }: CollectedGarbage): string {
  const table = formatTable(
    ['TOPIC', 'SEGMENTS', 'SIZE', 'GARBAGE', 'ORPHANS', 'NOTE'],
    topics.map((topic) => [
      topic.topic,
      formatCount(topic.segments),
      formatBytes(topic.bytes),
      formatCount(topic.garbage),
      formatCount(topic.orphans),
      note(topic),
    ]),
  )
  const uploads = unfinishedUploads === null ? 'not counted' : formatCount(unfinishedUploads)
  const others = `heartbeats of dead workers: ${formatCount(heartbeats)}, unfinished uploads: ${uploads}`
  return [table, ...failureLines(failed), others].join('\n')
}

function note({ writer, copy }: CollectedTopic): string {
  if (copy) return 'a copy: the next kannery copy cleans it up'
  return writer === null ? '' : `nothing deleted: ${writer} is writing`
}
