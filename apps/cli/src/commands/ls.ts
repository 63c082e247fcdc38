import { listBackups, type TopicSummary } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { formatBytes, formatCount, formatTable, formatTime } from '../terminal/format.ts'
import { storageAt } from './storage-options.ts'

export const lsCommand: CommandDeclaration = {
  name: 'ls',
  summary: 'list the topics in a storage',
  description: 'Reads the index of every topic, no segment. A topic whose index cannot be read is listed with the error.',
  arguments: [{ name: 'storage', description: 'a folder or a URL such as s3://bucket/prefix' }],
  options: [],
  examples: ['kannery ls ./backups'],
  run,
}

async function run({ arguments: [storage = ''], terminal, directory }: Invocation): Promise<void> {
  const topics = await listBackups(storageAt(storage, directory))
  const rows = topics.map((entry) =>
    'error' in entry
      ? [entry.topic, '-', '-', '-', '-', entry.error.code]
      : describe(entry),
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
