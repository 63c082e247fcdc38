import { visibleRecords } from '@kannery/core/index-file'
import { showBackup, type TopicDetails } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { formatBytes, formatCount, formatTable, formatTimes } from '../../terminal/format.ts'
import { formatLeftOut, formatRecords } from '../../terminal/holdings.ts'
import { incarnationOption } from '../options/selection-options.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const showCommand: CommandDeclaration = defineCommand({
  name: 'show',
  summary: 'show what the backup of a topic holds',
  description:
    'Shows partitions, offsets, times, gaps and the newest segments; reads only the index. With -o json also the configuration of the topic.',
  arguments: { storage: storageArgument, topic: { description: 'the topic' } },
  options: { incarnation: incarnationOption },
  examples: ['kannery show ./backups orders', 'kannery show ./backups orders --incarnation 0'],
  async run(invocation) {
    const { storage, topic } = invocation.arguments
    const details = await showBackup(
      await storageAt(storage, invocation),
      topic,
      invocation.options.incarnation,
    )
    await invocation.terminal.result(details, describe(details))
  },
})

function describe(details: TopicDetails): string {
  const sections = [facts(details), partitions(details), segments(details)]
  if (details.incarnations.length > 1) sections.splice(1, 0, incarnations(details))
  if (details.gaps.length > 0) sections.push(gaps(details))
  return sections.join('\n\n')
}

function facts(details: TopicDetails): string {
  const { summary } = details
  const leftOut = formatLeftOut(summary)
  const rows = [
    ['topic', summary.topic],
    ['cluster', details.cluster],
    ['topic id', details.topicId ?? 'none'],
    ['records', formatRecords(summary)],
    ['size', formatBytes(summary.bytes)],
    ['segments', formatCount(summary.segments)],
    ...(leftOut === '' ? [] : [['not restored', `${leftOut} (segments)`] as const]),
    ['record times', formatTimes(details)],
    ['captured until', summary.capturedUntil ?? 'nothing yet'],
    ['epoch', String(details.epoch)],
  ] as const
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/** A table of all incarnations; the one that is shown has a mark. */
function incarnations(details: TopicDetails): string {
  return formatTable(
    ['INCARNATION', 'TOPIC ID', 'BRANCH', 'SINCE', 'PARTITIONS', 'RECORDS'],
    details.incarnations.map((incarnation) => [
      incarnation.n === details.incarnation ? `${incarnation.n} (shown)` : String(incarnation.n),
      incarnation.topicId,
      String(incarnation.branch),
      incarnation.since,
      formatCount(incarnation.partitions),
      formatRecords(incarnation),
    ]),
  )
}

function partitions(details: TopicDetails): string {
  return formatTable(
    ['PARTITION', 'FROM', 'NEXT', 'LEADER EPOCH'],
    details.partitions.map(({ partition, from, next, leaderEpoch }) => [
      String(partition),
      String(from),
      String(next),
      leaderEpoch === null ? '-' : String(leaderEpoch),
    ]),
  )
}

function segments({ segments: newest, pagedSegments }: TopicDetails): string {
  const table = formatTable(
    ['SEGMENT', 'RECORDS', 'SIZE', 'RECORD TIMES', 'STATE'],
    newest.map((entry) => {
      const visible = visibleRecords(entry)
      const { id, records: storedRecords, bytes, state = '' } = entry
      const records = { records: visible ?? storedRecords, recordsExact: visible !== null }
      return [
        id,
        formatRecords({ ...records, storedRecords }),
        formatBytes(bytes),
        formatTimes(entry),
        state,
      ]
    }),
  )
  return pagedSegments === 0
    ? table
    : `${table}\nand ${formatCount(pagedSegments)} older ones, in pages`
}

function gaps(details: TopicDetails): string {
  return formatTable(
    ['GAP IN PARTITION', 'FROM', 'NEXT', 'REASON', 'NOTICED'],
    details.gaps.map(({ partition, offsets: [from, next], reason, noticed }) => [
      String(partition),
      String(from),
      String(next),
      reason,
      noticed,
    ]),
  )
}
