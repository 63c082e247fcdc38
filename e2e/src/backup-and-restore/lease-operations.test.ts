import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { fillTopic } from '@kannery/testing/python/topics'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { kannery, kanneryJson, kannerySucceeds, startKannery } from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'
import { until } from '../command-line/until.ts'

const { bootstrapServers } = inject('kafka')

const topic = 'orders-held'
const held = 32

beforeAll(() => fillTopic('plain', { bootstrapServers, topic, records: 100, partitions: 1 }))

function backupTo(folder: string, ...more: readonly string[]): string[] {
  const words = ['backup', '--from', bootstrapServers, '--topic', topic, '--to', folder]
  return [...words, '--lease-ttl', '3s', ...more]
}

interface Leases {
  readonly leases: readonly { readonly topic: string; readonly holder: string }[]
}

const leasesIn = async (folder: string): Promise<Leases['leases']> =>
  (await kanneryJson<Leases>(['lease', 'ls', folder])).leases

/** Leaves the lease of a backup that was killed. */
async function killBackupIn(folder: string, ...more: readonly string[]): Promise<void> {
  await using backup = startKannery(backupTo(folder, ...more))
  await until('the lease', async () => (await leasesIn(folder)).length === 1)
  process.kill(backup.pid, 'SIGKILL')
  await backup.ended
}

describe('docs/operations/lease.md', () => {
  test('a backup that waits takes an orphaned lease over by itself', async () => {
    await using folder = await temporaryFolder()
    await killBackupIn(folder.path, '--lease-ttl', '20s')

    expect(await kannery(backupTo(folder.path, '--once'))).toMatchObject({ status: held })
    await rm(join(folder.path, topic, '__lease'))
    await killBackupIn(folder.path)
    await kannerySucceeds(backupTo(folder.path, '--once', '--wait=1m'))
    expect(await leasesIn(folder.path)).toEqual([])
  })

  test('a backup with an identity continues at once after its own crash', async () => {
    await using folder = await temporaryFolder()
    const identity = ['--identity', 'kannery-backup-0', '--lease-ttl', '5m']
    await killBackupIn(folder.path, ...identity)

    await kannerySucceeds(backupTo(folder.path, '--once', ...identity))
  })

  test('a backup that runs out of memory after every start does not keep its lease alive', async () => {
    await using folder = await temporaryFolder()
    await killBackupIn(folder.path)
    const [before] = await leasesIn(folder.path)
    // Far below what a backup needs to start.
    for (const heapMb of [10, 12, 14]) {
      const env = { NODE_OPTIONS: `--max-old-space-size=${heapMb}` }
      const { status } = await kannery(backupTo(folder.path, '--once'), { env })
      expect(status, 'by a signal').toBeGreaterThan(128)
    }
    expect(await leasesIn(folder.path)).toEqual([before])

    await kannerySucceeds(backupTo(folder.path, '--once', '--wait=1m'))
    expect(await leasesIn(folder.path)).toEqual([])
  })

  test('the lease of a writer that is known to be dead is broken by hand, and only with --yes', async () => {
    await using folder = await temporaryFolder()
    await killBackupIn(folder.path, '--lease-ttl', '5m')

    const asked = await kannery(['lease', 'break', folder.path, topic])
    expect(asked.status).toBeGreaterThan(0)
    expect(asked.stderr).toContain('--yes')
    expect(await kannery(backupTo(folder.path, '--once'))).toMatchObject({ status: held })
    await kannerySucceeds(['lease', 'break', folder.path, topic, '--yes'])
    await kannerySucceeds(backupTo(folder.path, '--once'))
  })

  test('has no command that is not run here', async () => {
    const page = await readFile(join(repositoryRoot, 'docs/operations/lease.md'), 'utf8')
    const commands = [...page.matchAll(/^kannery .*$/gm)].map(([command]) => command)

    expect(commands).toEqual([
      'kannery lease ls ./backups',
      'kannery lease break ./backups orders',
      'kannery lease break ./backups orders --yes',
    ])
  })
})
