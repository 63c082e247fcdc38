import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kannery, temporaryFolder } from '../../../test/command-line.ts'
import { commandsOf } from '../../../test/documentation.ts'
import { startVolumeBackup } from '../../../test/volume-backup.ts'

describe('kannery index accept', () => {
  test('the commands of docs/operations/edited-index.md make an edited index readable again', async () => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    const index = join(backups, 'orders', 'index')
    await using backup = await startVolumeBackup(backups)
    await backup.grow(3, 1000)
    const newest =
      readFileSync(index, 'utf8')
        .match(/"id":"([0-9A-Z]{26})"/g)
        ?.at(-1) ?? 'no segment'
    const edited = readFileSync(index, 'utf8').replace(new RegExp(`\n[^\n]*${newest}[^\n]*`), '')
    writeFileSync(index, edited)
    expect(await kannery('show', backups, 'orders')).toMatchObject({ status: 36 })

    const commands = commandsOf('edited-index.md', backups)
    const outputs: string[] = []
    for (const words of commands) {
      const { status, stdout } = await kannery(...words)
      expect(status, words.join(' ')).toBe(0)
      outputs.push(stdout)
      if (words.includes('--dry-run')) expect(readFileSync(index, 'utf8')).toBe(edited)
    }

    const [dryRun, accepted, verified] = outputs
    expect(dryRun).toMatch(/^UNNAMED {2}orders\/[0-9A-Z]{26}\.kan/)
    expect(dryRun).toContain('would be accepted: topic "orders", 2 segments')
    expect(accepted).toContain('accepted: topic "orders", 2 segments, 20 records')
    expect(verified).toContain('nothing is damaged')
  })

  test('an accepted index counts the existing segments, and not those that the retention deleted', async () => {
    await using folder = await temporaryFolder()
    {
      await using backup = await startVolumeBackup(folder.path)
      await backup.grow(3, 1000)
      await backup.prune(1)
    }

    const { stdout } = await kannery('index', 'accept', folder.path, 'orders', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({ segments: 1, records: 10 })
  })
})
