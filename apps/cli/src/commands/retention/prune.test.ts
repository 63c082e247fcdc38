import { join } from 'node:path'
import { editIndex, type Index } from '@kannery/core/index-file'
import { UlidSource } from '@kannery/core/ulid'
import { systemClock, systemRandom } from '@kannery/runtime'
import { describe, expect, test } from 'vitest'
import { kannery, temporaryFolder } from '../../../test/command-line.ts'
import { commandsOf } from '../../../test/documentation.ts'
import { findBackup, openVolume, startVolumeBackup } from '../../../test/volume-backup.ts'

async function edit(backups: string, change: (index: Index) => Index): Promise<void> {
  await using storage = await openVolume(backups)
  const ids = new UlidSource({ clock: systemClock, random: systemRandom })
  await editIndex(storage, 'orders', { ids, edit: change })
}

/** A backup of three segments, of which two have expired. */
async function agedBackup(backups: string): Promise<void> {
  await using backup = await startVolumeBackup(backups)
  await backup.grow(3, 100)
  await edit(backups, (index) => ({
    ...index,
    incarnations: index.incarnations.map((life) => ({
      ...life,
      config: { 'cleanup.policy': 'delete' },
    })),
    segments: index.segments.map((entry, at) =>
      at < 2 ? { ...entry, expires: '2020-01-01T00:00:00.000Z' } : entry,
    ),
  }))
}

async function states(backups: string): Promise<string[] | undefined> {
  return (await findBackup(backups))?.entries.map((entry) => entry.split(' ')[1] ?? '')
}

describe('kannery prune', () => {
  test('the commands of docs/operations/retention.md take a mistaken retention back', async () => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    await agedBackup(backups)
    const marked = await kannery('prune', backups, '-o', 'json')
    expect(JSON.parse(marked.stdout)).toMatchObject({ topics: [{ expired: 2, deleted: 0 }] })
    expect(await states(backups)).toEqual(['expired', 'expired', 'there'])

    const commands = commandsOf('retention.md', backups)
    expect(commands).toHaveLength(2)
    const outputs: unknown[] = []
    for (const words of commands) {
      const { status, stdout } = await kannery(...words, '-o', 'json')
      expect(status, words.join(' ')).toBe(0)
      outputs.push(JSON.parse(stdout))
    }

    expect(outputs).toMatchObject([
      { topics: [{ topic: 'orders', restored: 2, tooLate: 0 }] },
      { topics: [{ expired: 0, deleted: 0 }] },
    ])
    expect(await states(backups)).toEqual(['there', 'there', 'there'])
  })

  test('what was marked more than a day ago is deleted, but not beside a running backup', async () => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    await agedBackup(backups)
    await edit(backups, (index) => ({
      ...index,
      segments: index.segments.map((entry, at) =>
        at < 1 ? { ...entry, state: 'expired', expiredAt: '2020-01-01T00:00:00.000Z' } : entry,
      ),
    }))
    {
      await using _running = await startVolumeBackup(backups)
      const { stdout } = await kannery('prune', backups, '-o', 'json')
      expect(JSON.parse(stdout)).toMatchObject({
        topics: [{ expired: 1, deleted: 0, writer: 'a backup' }],
      })
    }
    expect((await kannery('prune', backups)).stdout).toContain('orders')
    expect(await states(backups)).toEqual(['deleted', 'expired', 'there'])
  })
})
