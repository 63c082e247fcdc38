import type { AnewReason, TopicReport } from '@kannery/kafka'
import type { BackupReport } from '@kannery/runtime'
import { describeFailed } from './failures.ts'
import { formatBytes, formatCount, formatTable } from './format.ts'

/** What a backup committed, for people. */
export function describeBackup({ topics, failed }: BackupReport): string {
  const table = formatTable(
    ['TOPIC', 'PARTITIONS', 'RECORDS', 'SIZE', 'SEGMENTS'],
    topics.map((topic) => [
      topic.topic,
      formatCount(topic.partitions),
      formatCount(topic.records),
      formatBytes(topic.bytes),
      formatCount(topic.segments),
    ]),
  )
  return [table, ...topics.flatMap(describeLosses), ...describeFailed(failed)].join('\n')
}

/** Losses stand in the report too, in case warnings are not kept. */
function describeLosses({ topic, gaps, begun }: TopicReport): string[] {
  return [
    ...begun.map(
      ({ incarnation, reason }) => `${topic}: ${beginnings[reason]}: incarnation ${incarnation}`,
    ),
    ...gaps.map(({ partition, offsets: [from, next], reason }) => {
      return `${topic}: offsets ${from}..${next} of partition ${partition} are missing: ${reason}`
    }),
  ]
}

const beginnings: Readonly<Record<AnewReason, string>> = {
  'created-again': 'the topic was deleted and created again',
  truncated: 'the log was truncated',
}
