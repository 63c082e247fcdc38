import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kannery, temporaryFolder } from '../../../test/command-line.ts'
import { commandsOf } from '../../../test/documentation.ts'
import { startVolumeBackup } from '../../../test/volume-backup.ts'

describe('kannery verify', () => {
  test('the commands of docs/operations/damage.md report what is damaged, and print the rest', async () => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    {
      await using backup = await startVolumeBackup(backups)
      await backup.grow(3, 1000)
    }
    const orders = join(backups, 'orders')
    const [first = '', second = ''] = readdirSync(orders).filter((name) => name.endsWith('.kan'))
    const bytes = readFileSync(join(orders, first))
    bytes.writeUInt8(bytes.readUInt8(600) ^ 1, 600)
    writeFileSync(join(orders, first), bytes)
    rmSync(join(orders, second))
    writeFileSync(join(orders, `${'0'.repeat(26)}.kan`), bytes)

    const commands = commandsOf('damage.md', backups)
    const [verify = [], cat = []] = commands
    const verified = await kannery(...verify)
    const shown = await kannery(...cat)

    expect(commands).toHaveLength(2)
    expect(verified.status).toBe(36)
    const lines = verified.stdout.split('\n')
    expect(lines[0]).toMatch(/^FINDING +OBJECT +BYTES +WHY$/)
    expect(verified.stdout).toMatch(
      new RegExp(`^DAMAGED +orders/${first} +\\d+\\.\\.\\d+ +\\S`, 'm'),
    )
    expect(verified.stdout).toMatch(new RegExp(`^DAMAGED +orders/${second} +all +\\S`, 'm'))
    expect(verified.stdout).toMatch(/^UNNAMED +orders\/0{26}\.kan +all +no index names it/m)
    expect(shown.stderr).toContain(second)
  })

  test('a backup whose segments were deleted is not reported as complete', async () => {
    await using folder = await temporaryFolder()
    {
      await using backup = await startVolumeBackup(folder.path)
      await backup.grow(3, 1000)
      await backup.prune(1)
    }

    expect(await kannery('verify', folder.path)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        /^checked 1 topics, 1 segments, .* read: nothing is damaged\na restore gives 10 records of 1 segments; not restored: 2 deleted/,
      ),
    })
    expect((await kannery('ls', folder.path)).stdout).toMatch(/^orders +1 +10 .* 1 .*2 deleted$/m)
    const shown = (await kannery('show', folder.path, 'orders')).stdout
    expect(shown).toMatch(/^not restored +2 deleted/m)
    expect(shown.match(/ deleted$/gm)).toHaveLength(2)
  })

  test('a topic whose folder was moved away and linked is reported, and the others are checked', async () => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    {
      await using backup = await startVolumeBackup(backups)
      await backup.grow(1, 1000)
    }
    renameSync(join(backups, 'orders'), join(folder.path, 'elsewhere'))
    symlinkSync(join(folder.path, 'elsewhere'), join(backups, 'orders'))

    const verified = await kannery('verify', backups)
    expect(verified.status).toBe(21)
    expect(verified.stdout).toMatch(/^NOT CHECKED +orders +all +STORAGE_UNSUPPORTED: .*link/m)
    expect(verified.stdout).not.toContain('1 topics')
    const listed = await kannery('ls', backups)
    expect(listed.status).toBe(21)
    expect(listed.stdout).toMatch(/^orders .*STORAGE_UNSUPPORTED$/m)
  })
})
