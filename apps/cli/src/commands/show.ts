import { showBackup, type TopicDetails } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { formatBytes, formatCount, formatTable, formatTime } from '../terminal/format.ts'
import { storageArgument, storageAt } from './storage-options.ts'

export const showCommand: CommandDeclaration = {
  name: 'show',
  summary: 'show what the backup of a topic holds',
  description: 'Reads only the index: partitions, offsets, times, segments and configuration.',
  arguments: [storageArgument, { name: 'topic', description: 'the topic' }],
  options: [],
  examples: ['kannery show ./backups orders'],
  run,
}

async function run(invocation: Invocation): Promise<void> {
  const [storage, topic = ''] = invocation.arguments
  const details = await showBackup(storageAt(storage, invocation), topic)
  await invocation.terminal.result(details, describe(details))
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
