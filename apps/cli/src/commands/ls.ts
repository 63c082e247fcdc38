import { listBackups, type TopicSummary } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { formatBytes, formatCount, formatTable, formatTime } from '../terminal/format.ts'
import { storageArgument, storageAt } from './storage-options.ts'

export const lsCommand: CommandDeclaration = {
  name: 'ls',
  summary: 'list the topics in a storage',
  description:
    'Reads the index of every topic, no segment. A topic whose index cannot be read is listed with the error.',
  arguments: [storageArgument],
  options: [],
  examples: ['kannery ls ./backups'],
  run,
}

async function run(invocation: Invocation): Promise<void> {
  const { terminal } = invocation
  const [storage] = invocation.arguments
  const topics = await listBackups(storageAt(storage, invocation))
  const rows = topics.map((entry) =>
    'error' in entry ? [entry.topic, '-', '-', '-', '-', entry.error.code] : describe(entry),
  )
  await terminal.result(
    { topics },
    formatTable(['TOPIC', 'PARTITIONS', 'RECORDS', 'SIZE', 'SEGMENTS', 'CAPTURED UNTIL'], rows),
  )
}

function describe(topic: TopicSummary): string[] {
  return [
    topic.topic,
    formatCount(topic.partitions),
    formatCount(topic.records),
    formatBytes(topic.bytes),
    formatCount(topic.segments),
    topic.capturedUntil === null ? 'nothing yet' : formatTime(Date.parse(topic.capturedUntil)),
  ]
}
