import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kannery, temporaryFolder } from '../../../test/command-line.ts'
import { startVolumeBackup } from '../../../test/volume-backup.ts'

const commands: readonly (readonly string[])[] = [
  ['prune'],
  ['prune', '--undo'],
  ['prune', '--topic', 'orders'],
  ['gc'],
  ['storage', 'probe'],
  ['storage', 'verify'],
  ['hold', 'add', 'audit', '--topic', 'orders'],
  ['point', 'add', '--topic', 'orders'],
  ['lease', 'break', 'orders'],
  ['index', 'rebuild', 'orders'],
  ['index', 'accept', 'orders'],
]

/** Each with its words as its title. */
function titled(list: readonly (readonly string[])[]): [string, readonly string[]][] {
  return list.map((words) => [words.join(' '), words])
}

/** The storage is the first argument after the name of the command. */
function on(storage: string, words: readonly string[]): string[] {
  const at = ['prune', 'gc'].includes(words[0] ?? '') ? 1 : 2
  return words.toSpliced(at, 0, storage)
}

describe('a mistyped storage or topic', () => {
  test.each(titled(commands))(
    '%s makes no folder where none is, and says that there is none',
    async (_, words) => {
      await using folder = await temporaryFolder()
      const mistyped = join(folder.path, 'bakups')
      const { status, stderr } = await kannery(...on(mistyped, words))
      expect(stderr).toContain('STORAGE_CONTAINER_NOT_FOUND')
      expect(status).toBe(11)
      expect(existsSync(mistyped)).toBe(false)
    },
  )

  test.each(
    titled([
      ['prune', '--topic', 'ordres'],
      ['prune', '--topic', 'ordres', '--undo'],
      ['hold', 'add', 'audit', '--topic', 'ordres'],
      ['point', 'add', '--topic', 'ordres'],
      ['point', 'add', '--topic', 'ordres', '--at', '2020-01-01T00:00:00Z'],
      ['index', 'accept', 'ordres'],
      ['lease', 'break', 'ordres'],
    ]),
  )('%s makes no folder for a topic that is not there', async (_, words) => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    {
      await using backup = await startVolumeBackup(backups)
      await backup.grow(1, 100)
    }
    const { status, stderr } = await kannery(...on(backups, words))
    expect(stderr).toContain('STORAGE_NOT_FOUND')
    expect(status).toBe(10)
    expect(readdirSync(backups).filter((name) => !/^[.~]/.test(name))).toEqual(['orders'])
  })

  test('a copy makes the folder of its target', async () => {
    await using folder = await temporaryFolder()
    const [backups, second] = [join(folder.path, 'backups'), join(folder.path, 'second')]
    {
      await using backup = await startVolumeBackup(backups)
      await backup.grow(1, 100)
    }
    expect(await kannery('copy', backups, second)).toMatchObject({ status: 0 })
    expect(existsSync(join(second, 'orders', 'index'))).toBe(true)
  })
})
