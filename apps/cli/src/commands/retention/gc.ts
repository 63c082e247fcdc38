import { type CollectedGarbage, type CollectedTopic, collectGarbage } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { flag } from '../../options.ts'
import { describeFailed } from '../../terminal/failures.ts'
import { formatBytes, formatCount, formatTable } from '../../terminal/format.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const gcCommand: CommandDeclaration = defineCommand({
  name: 'gc',
  summary: 'delete what crashed and former backups left',
  description:
    'Deletes objects that have been garbage or expired for a day, in topics that have no running writer; the heartbeats of killed workers; and uploads that were never finished. It touches nothing younger than a day. Objects that no index names become garbage first: those of a crashed backup when the next backup starts, those that no backup will look at again (ORPHANS) now, and are deleted a day later. Backups delete their own garbage.',
  arguments: { storage: storageArgument },
  options: { 'dry-run': flag({ description: 'show what would be deleted; write nothing' }) },
  examples: ['kannery gc ./backups --dry-run', 'kannery gc ./backups'],
  async run(invocation) {
    const { options, terminal } = invocation
    const { report, error } = await collectGarbage({
      storage: await storageAt(invocation.arguments.storage, invocation),
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
  return [table, ...describeFailed(failed), others].join('\n')
}

function note({ writer, copy }: CollectedTopic): string {
  if (copy) return 'a copy: the next kannery copy cleans it up'
  return writer === null ? '' : `nothing deleted: ${writer} is writing`
}
