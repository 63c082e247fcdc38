import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kannery, temporaryFolder } from '../../test/command-line.ts'
import { commandsOf } from '../../test/operations-page.ts'
import { startVolumeBackup } from '../../test/volume-backup.ts'

test('the commands of docs/operations/damage.md tell what is damaged, and give the rest', async () => {
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
  expect(verified.stdout).toMatch(new RegExp(`^DAMAGED +orders/${first} +\\d+\\.\\.\\d+ +\\S`, 'm'))
  expect(verified.stdout).toMatch(new RegExp(`^DAMAGED +orders/${second} +all +\\S`, 'm'))
  expect(verified.stdout).toMatch(/^UNNAMED +orders\/0{26}\.kan +all +no index names it/m)
  expect(shown.stderr).toContain(second)
})
