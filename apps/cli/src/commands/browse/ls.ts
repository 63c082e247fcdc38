import { listBackups, type TopicSummary } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { formatBytes, formatCount, formatTable, formatTime } from '../../terminal/format.ts'
import { formatLeftOut, formatRecords } from '../../terminal/holdings.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const lsCommand: CommandDeclaration = defineCommand({
  name: 'ls',
  summary: 'list the topics in a storage',
  description:
    'Reads the index of every topic, but no segment, and counts what a restore would give: the records that a consumer sees, and the stored records if they are more. Segments that expired or were deleted, and those of other incarnations, are counted separately. A topic whose index cannot be read is listed with the error.',
  arguments: { storage: storageArgument },
  options: {},
  examples: ['kannery ls ./backups'],
  async run(invocation) {
    const { terminal } = invocation
    const { storage } = invocation.arguments
    const { report, error } = await listBackups(await storageAt(storage, invocation))
    const rows = report.topics.map((entry) =>
      'error' in entry ? [entry.topic, '-', '-', '-', '-', entry.error.code] : describe(entry),
    )
    const columns = ['TOPIC', 'PARTITIONS', 'RECORDS', 'SIZE', 'SEGMENTS', 'CAPTURED UNTIL']
    await terminal.result(report, formatTable([...columns, 'NOT RESTORED'], rows))
    if (error !== undefined) throw error
  },
})

function describe(topic: TopicSummary): string[] {
  return [
    topic.topic,
    formatCount(topic.partitions),
    formatRecords(topic),
    formatBytes(topic.bytes),
    formatCount(topic.segments),
    topic.capturedUntil === null ? 'nothing yet' : formatTime(Date.parse(topic.capturedUntil)),
    formatLeftOut(topic),
  ]
}
