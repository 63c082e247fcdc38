import { probeStorage, type StorageProbe } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const storageProbeCommand: CommandDeclaration = defineCommand({
  name: 'storage probe',
  summary: 'check quickly whether backups are safe in a storage',
  description:
    'Runs the check that each backup runs when it opens its storage: some stores accept conditional writes and ignore the condition. Writes two small objects and deletes them.',
  arguments: { storage: storageArgument },
  options: {},
  examples: ['kannery storage probe s3://bucket/prefix'],
  async run(invocation) {
    const { storage } = invocation.arguments
    const report = await probeStorage(await storageAt(storage, invocation))
    await invocation.terminal.result(report, describe(report))
  },
})

function describe({ location, type, warnings, durationMs }: StorageProbe): string {
  return [
    `${location} (${type}) keeps backups safe; probed in ${durationMs} ms`,
    ...warnings.flatMap(({ message, why, remedy }) => [
      `warning: ${message}`,
      ...[why, remedy].flatMap((line) => (line === undefined ? [] : [`  ${line}`])),
    ]),
  ].join('\n')
}
