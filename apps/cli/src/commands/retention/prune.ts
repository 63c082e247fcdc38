import {
  type PrunedTopic,
  type PruneReport,
  pruneBackups,
  type TakenBackTopic,
  takeBackPruned,
} from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { flag } from '../../options.ts'
import { describeFailed } from '../../terminal/failures.ts'
import { formatBytes, formatCount, formatTable } from '../../terminal/format.ts'
import { storageArgument } from '../options/storage-options.ts'
import { retentionWork, topicOption } from './retention-options.ts'

export const pruneCommand: CommandDeclaration = defineCommand({
  name: 'prune',
  summary: 'delete what is older than the retention',
  description:
    'Marks segments that are older than the retention as expired: a restore no longer sees them. They are deleted a day later; until shortly before that, --undo takes the marks back. Backups do all this themselves, so this command is for topics that are no longer backed up. While a backup of a topic runs, it only marks. Topics with a hold and compacted topics lose nothing.',
  arguments: { storage: storageArgument },
  options: {
    topic: topicOption,
    'dry-run': flag({ description: 'show what would be done; write nothing' }),
    undo: flag({
      description: 'take back the marks of what is not deleted yet; it is then kept without limit',
    }),
  },
  examples: [
    'kannery prune ./backups --dry-run',
    'kannery prune ./backups',
    'kannery prune ./backups --topic orders --undo',
  ],
  async run(invocation) {
    const { options, terminal } = invocation
    const { dryRun } = options
    const work = await retentionWork(invocation)
    if (options.undo) {
      if (dryRun) throw undoIsDone()
      const { report, error } = await takeBackPruned(work)
      await terminal.result(report, describeTakenBack(report))
      if (error !== undefined) throw error
      return
    }
    const { report, error } = await pruneBackups({ ...work, dryRun })
    await terminal.result(report, describe(report))
    if (error !== undefined) throw error
  },
})

function undoIsDone(): KanneryError {
  return new KanneryError('CONFIG_INVALID', '--undo has no --dry-run', {
    remedy: 'kannery show STORAGE TOPIC shows what is marked.',
  })
}

function describe({ topics, failed }: PruneReport<PrunedTopic>): string {
  const table = formatTable(
    ['TOPIC', 'EXPIRED', 'SIZE', 'DELETED', 'SIZE', 'GARBAGE', 'NOTE'],
    topics.map((topic) => [
      topic.topic,
      formatCount(topic.expired),
      formatBytes(topic.expiredBytes),
      formatCount(topic.deleted),
      formatBytes(topic.deletedBytes),
      formatCount(topic.garbage),
      note(topic),
    ]),
  )
  return [table, ...describeFailed(failed)].join('\n')
}

function note({ held, writer }: PrunedTopic): string {
  if (writer !== null) return `only marked: ${writer} is writing`
  return held ? 'held' : ''
}

function describeTakenBack({ topics, failed }: PruneReport<TakenBackTopic>): string {
  const table = formatTable(
    ['TOPIC', 'TAKEN BACK', 'TOO LATE'],
    topics.map(({ topic, restored, tooLate }) => [
      topic,
      formatCount(restored),
      formatCount(tooLate),
    ]),
  )
  return [table, ...describeFailed(failed)].join('\n')
}
