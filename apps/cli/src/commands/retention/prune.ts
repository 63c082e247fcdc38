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
import { formatBytes, formatCount, formatTable } from '../../terminal/format.ts'
import { storageArgument } from '../options/storage-options.ts'
import { failureLines, retentionWork, topicOption } from './retention-options.ts'

export const pruneCommand: CommandDeclaration = defineCommand({
  name: 'prune',
  summary: 'delete what is older than the retention',
  description:
    'Marks segments whose retention is over as expired: a restore does not see them any more. A day later they are deleted; until shortly before, --undo takes the marks back. Backups do all this by themselves; this is for topics that nobody backs up any more. Beside a running backup it only marks. Topics with a hold lose nothing, and neither do compacted ones.',
  arguments: { storage: storageArgument },
  options: {
    topic: topicOption,
    'dry-run': flag({ description: 'show what it would do; write nothing' }),
    undo: flag({
      description: 'take back what is marked and not deleted; it is then kept for ever',
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
    const work = retentionWork(invocation)
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
    remedy: 'See what is marked with: kannery show, with the storage and the topic.',
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
  return [table, ...failureLines(failed)].join('\n')
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
  return [table, ...failureLines(failed)].join('\n')
}
