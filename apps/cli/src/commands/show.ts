import { showBackup, type TopicDetails } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { formatBytes, formatCount, formatTable, formatTime } from '../terminal/format.ts'
import { storageAt } from './storage-options.ts'

export const showCommand: CommandDeclaration = {
  name: 'show',
  summary: 'show what the backup of a topic holds',
  description: 'Reads only the index: partitions, offsets, times, segments and configuration.',
  arguments: [
    { name: 'storage', description: 'a folder or a URL such as s3://bucket/prefix' },
    { name: 'topic', description: 'the topic' },
  ],
  options: [],
  examples: ['kannery show ./backups orders'],
  run,
}

async function run({ arguments: [storage = '', topic = ''], terminal, directory }: Invocation): Promise<void> {
  const details = await showBackup(storageAt(storage, directory), topic)
  await terminal.result(details, describe(details))
}

function describe(details: TopicDetails): string {
  const { summary } = details
  const facts = [
    ['topic', summary.topic],
    ['cluster', details.cluster],
    ['topic id', details.topicId],
    ['records', formatCount(summary.records)],
    ['size', formatBytes(summary.bytes)],
    ['segments', formatCount(summary.segments)],
    ['record times', details.time === null ? 'none' : details.time.map(formatTime).join(' .. ')],
    ['captured until', summary.capturedUntil ?? 'nothing yet'],
    ['epoch', String(details.epoch)],
  ] as const
  const width = Math.max(...facts.map(([name]) => name.length))
  return [
    ...facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    formatTable(
      ['PARTITION', 'FROM', 'NEXT', 'LEADER EPOCH'],
      details.partitions.map(({ partition, from, next, leaderEpoch }) => [
        String(partition),
        String(from),
        String(next),
        leaderEpoch === null ? '-' : String(leaderEpoch),
      ]),
    ),
    '',
    formatTable(
      ['SEGMENT', 'RECORDS', 'SIZE', 'RECORD TIMES'],
      details.segments.map(({ id, records, bytes, time }) => [
        id,
        formatCount(records),
        formatBytes(bytes),
        time === null ? 'none' : time.map(formatTime).join(' .. '),
      ]),
    ),
  ].join('\n')
}
