import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kannery, temporaryFolder } from '../../../test/command-line.ts'
import { commandsOf } from '../../../test/documentation.ts'
import { startVolumeBackup } from '../../../test/volume-backup.ts'

describe('holds and points', () => {
  test('the commands of docs/operations/keep.md keep a topic, and let it go, beside its backup', async () => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    await using backup = await startVolumeBackup(backups)
    await backup.grow(2, 100)

    const commands = commandsOf('keep.md', backups)
    const outputs: unknown[] = []
    for (const words of commands) {
      const { status, stdout } = await kannery(...words, '-o', 'json')
      expect(status, words.join(' ')).toBe(0)
      outputs.push(JSON.parse(stdout))
    }
    await backup.grow(1, 100)

    const point = { topic: 'orders', name: 'before-migration', at: expect.any(String) }
    expect(outputs).toEqual([
      { topics: ['orders'], failed: [] },
      { holds: [{ topic: 'orders', name: 'audit', since: expect.any(String) }], failed: [] },
      { points: [point], failed: [] },
      { points: [point], failed: [] },
      { points: [{ topic: 'orders', at: expect.any(String) }], failed: [] },
      { removed: [], failed: [] },
      { removed: [point], failed: [] },
      { topics: ['orders'], failed: [] },
    ])
  })

  test.each([
    [['hold', 'rm', 'audit'], 'no topic has a hold "audit"'],
    [['point', 'rm', 'before'], 'no topic has a point "before"'],
    [['point', 'rm'], 'which points are to be removed?'],
    [['point', 'rm', '--keep-daily', 'many'], '--keep-daily: not a whole number: "many"'],
    [['point', 'add', '--at', 'tomorrow'], '--at: not a time: "tomorrow"'],
  ])('%o is refused: %s', async ([noun = '', verb = '', ...rest], message) => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    await using backup = await startVolumeBackup(backups)
    await backup.grow(1, 100)
    const { status, stderr } = await kannery(noun, verb, backups, ...rest)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })
})
