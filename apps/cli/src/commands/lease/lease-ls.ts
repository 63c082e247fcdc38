import { listBackupLeases } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { formatTable } from '../../terminal/format.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const leaseLsCommand: CommandDeclaration = defineCommand({
  name: 'lease ls',
  summary: 'list the writers of a storage',
  description: 'Lists the holder of every lease, and the time of its last heartbeat.',
  arguments: { storage: storageArgument },
  options: {},
  examples: ['kannery lease ls ./backups'],
  async run(invocation) {
    const { terminal } = invocation
    const { storage } = invocation.arguments
    const { report, error } = await listBackupLeases(await storageAt(storage, invocation))
    await terminal.result(
      report,
      formatTable(
        ['TOPIC', 'HOLDER', 'SINCE', 'LAST HEARTBEAT'],
        [
          ...report.leases.map(({ topic, holder, since, lastSeen }) => [
            topic,
            holder,
            since,
            lastSeen,
          ]),
          ...report.failed.map(({ topic, code }) => [topic, code, '-', '-']),
        ],
      ),
    )
    if (error !== undefined) throw error
  },
})
