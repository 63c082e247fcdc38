import { type BackupLease, breakBackupLease, findBackupLease } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { flag } from '../../options.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const leaseBreakCommand: CommandDeclaration = defineCommand({
  name: 'lease break',
  summary: 'free a topic whose backup is known to be dead',
  description:
    'The topic of a dead backup is taken over automatically a few minutes after its last heartbeat; use this command if you cannot wait. If the holder is alive after all, nothing is damaged: it can no longer commit.',
  arguments: { storage: storageArgument, topic: { description: 'the topic' } },
  options: {
    yes: flag({
      description: 'break the lease; without it, the command only reports who holds it',
    }),
  },
  examples: ['kannery lease break ./backups orders --yes'],
  async run(invocation) {
    const { options, terminal } = invocation
    const { storage, topic } = invocation.arguments
    const location = await storageAt(storage, invocation)
    if (!options.yes) throw unconfirmed(await findBackupLease(location, topic))
    const lease = await breakBackupLease(location, topic, (warning) => terminal.warning(warning))
    await terminal.result(
      { broken: lease },
      `broken: the lease on topic "${topic}" that ${lease.holder} held since ${lease.since}`,
    )
  },
})

function unconfirmed({ topic, holder, since, lastSeen, orphanedAt }: BackupLease): KanneryError {
  return new KanneryError('CONFIG_INVALID', 'breaking a lease needs --yes', {
    why: `topic "${topic}" is held by ${holder} since ${since}; its last heartbeat was at ${lastSeen}`,
    remedy: `If you know that it is dead, add --yes. Otherwise wait: it counts as orphaned at ${orphanedAt}.`,
    facts: { topic, holder, since, lastSeen, orphanedAt },
  })
}
