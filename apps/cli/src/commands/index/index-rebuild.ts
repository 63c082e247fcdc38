import { type RebuiltIndex, rebuildBackupIndex, systemClock } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { flag, retention } from '../../options.ts'
import { formatCount } from '../../terminal/format.ts'
import { Progress } from '../../terminal/progress.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const indexRebuildCommand: CommandDeclaration = defineCommand({
  name: 'index rebuild',
  summary: 'rebuild a lost or damaged index from the segments',
  description:
    'Reads every segment of the topic and writes an index that names them. If segments overlap, an intact one takes precedence over a damaged one, then the later writer over the earlier. What only the index knew is lost: expiry, holds, points, gaps, deletions, and the configuration of the topic. An intact index is left alone.',
  arguments: { storage: storageArgument, topic: { description: 'the topic' } },
  options: {
    retention: retention({
      description: 'when the segments expire, counted from now, such as 30d, or keep',
      default: 'keep',
    }),
    'dry-run': flag({
      description: 'read everything and show what would be written; write nothing',
    }),
  },
  examples: [
    'kannery index rebuild ./backups orders --dry-run',
    'kannery index rebuild ./backups orders',
  ],
  async run(invocation) {
    const { options, terminal } = invocation
    const { storage, topic } = invocation.arguments
    const progress = new Progress(terminal, 'rebuild', systemClock)
    const result = await rebuildBackupIndex({
      storage: await storageAt(storage, invocation),
      topic,
      retention: options.retention,
      dryRun: options.dryRun,
      onProgress: (done) => progress.update({ ...done, total: undefined }),
      onWarning: (warning) => terminal.warning(warning),
    })
    await terminal.result(result, describe(result))
  },
})

function describe(result: RebuiltIndex): string {
  const { topic, rebuilt, segments, records, leftOut, damages, gaps, superseded } = result
  const holds = `topic "${topic}", ${formatCount(segments)} segments, ${formatCount(records)} records`
  return [
    ...leftOut.map(({ key, why }) => `LEFT OUT  ${key}: ${why}`),
    ...damages.map(
      ({ key, from, to, reason }) =>
        `DAMAGED   ${key} bytes ${from}..${to}: ${reason}; the rest of it can be restored`,
    ),
    ...gaps.map(
      ({ partition, offsets: [from, next] }) =>
        `GAP       partition ${partition} offsets ${from}..${next}: no segment holds them`,
    ),
    ...(superseded === 0
      ? []
      : [`GARBAGE   ${formatCount(superseded)} segments that hold nothing that others do not`]),
    'LOST      what only the index knew: expiry, holds, points, gaps, deletions, configuration',
    `${rebuilt ? 'rebuilt' : 'would be rebuilt'}: ${holds}`,
  ].join('\n')
}
