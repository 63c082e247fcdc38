import { listBackupLeases } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { formatTable } from '../terminal/format.ts'
import { storageAt } from './storage-options.ts'

export const leaseLsCommand: CommandDeclaration = {
  name: 'lease ls',
  summary: 'list who is writing into a storage',
  description: 'Names the holder of every lease and when it gave its last sign of life.',
  arguments: [{ name: 'storage', description: 'a folder or a URL such as s3://bucket/prefix' }],
  options: [],
  examples: ['kannery lease ls ./backups'],
  run,
}

async function run({ arguments: [storage = ''], terminal, directory }: Invocation): Promise<void> {
  const leases = await listBackupLeases(storageAt(storage, directory))
  await terminal.result(
    { leases },
    formatTable(
      ['TOPIC', 'HOLDER', 'SINCE', 'LAST SIGN OF LIFE'],
      leases.map(({ topic, holder, since, lastSeen }) => [topic, holder, since, lastSeen]),
    ),
  )
}
