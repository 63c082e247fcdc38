import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { kannery, start, temporaryFolder } from '../../../test/command-line.ts'
import { findBackup, startVolumeBackup } from '../../../test/volume-backup.ts'

const page = readFileSync(
  new URL('../../../../../docs/operations/second-copy.md', import.meta.url),
  'utf8',
)

describe('kannery copy', () => {
  test('killed at random while its source grows and is pruned, a copy leaves a target that restores', async () => {
    await using folder = await temporaryFolder()
    const [source, target] = [join(folder.path, 'backups'), join(folder.path, 'second')]
    await using backup = await startVolumeBackup(source)
    await backup.grow(30, 1_000_000)
    const copy = ['copy', source, target, '--identity', 'the-copy', '-o', 'json'] as const

    let killed = 0
    for (let round = 0; round < 6; round++) {
      const copying = start(...copy)
      const begun = until(() => existsSync(join(target, 'orders', '__lease')))
      await Promise.race([begun, copying.outcome])
      const changing = backup.grow(3, 1_000_000).then(() => backup.prune(25))
      await sleep(Math.random() * 150)
      copying.interrupt('SIGKILL')
      if ((await copying.outcome).status === null) killed++
      await changing

      expect((await findBackup(target))?.broken ?? []).toEqual([])
    }
    expect(killed).toBeGreaterThan(0)
    const last = await kannery(...copy)
    expect(last).toMatchObject({ status: 0 })
    expect(await findBackup(target)).toEqual(await findBackup(source))
    expect((await kannery('verify', target)).stdout).toContain('nothing is damaged')
  }, 60_000)

  test('the commands of docs/operations/second-copy.md do what it says', async () => {
    await using folder = await temporaryFolder()
    await using backup = await startVolumeBackup(join(folder.path, 'backups'))
    await backup.grow(2, 1000)
    const commands = [...page.matchAll(/```sh\n(.*?)```/gs)]
      .flatMap(([, block = '']) => block.split('\n'))
      .filter((line) => line !== '')
    expect(commands.length).toBeGreaterThan(2)

    for (const command of commands) {
      const words = command.replaceAll('./', `${folder.path}/`).replaceAll("'", '').split(' ')
      expect(words[0]).toBe('kannery')
      const running = start(...words.slice(1))
      if (command.includes('--watch')) {
        await backup.grow(1, 1000)
        await running.said(/following the source/)
        running.interrupt('SIGINT')
      }
      expect(await running.outcome, command).toMatchObject({ status: 0 })
    }
    expect((await findBackup(join(folder.path, 'second')))?.broken).toEqual([])
  }, 60_000)

  test('a copy that follows copies what is added, and reports at its end what it did', async () => {
    await using folder = await temporaryFolder()
    const [source, target] = [join(folder.path, 'backups'), join(folder.path, 'second')]
    await using backup = await startVolumeBackup(source)
    await backup.grow(1, 1000)
    const following = start('copy', source, target, '--watch=100ms', '-o', 'json')
    await until(async () => (await findBackup(target))?.entries.length === 1)
    await backup.grow(2, 1000)
    await until(async () => (await findBackup(target))?.entries.length === 3)
    following.interrupt('SIGINT')

    const { status, stdout } = await following.outcome
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      topics: [expect.objectContaining({ topic: 'orders', segments: 3, reused: 0, deleted: 0 })],
      failed: [],
    })
  }, 60_000)

  test('a backup in the target is left alone, and reported', async () => {
    await using folder = await temporaryFolder()
    const [source, target] = [join(folder.path, 'backups'), join(folder.path, 'second')]
    await using first = await startVolumeBackup(source)
    await using second = await startVolumeBackup(target)
    await Promise.all([first.grow(1, 1000), second.grow(1, 1000)])
    const before = await findBackup(target)

    const refused = await kannery('copy', source, target)
    expect(refused.status).toBe(35)
    expect(refused.stderr).toContain('a backup of its own')
    expect(refused.stdout).toContain('INDEX_FOREIGN')
    expect(await findBackup(target)).toEqual(before)
  }, 30_000)

  test('a storage is not copied to itself, and an empty source is an error', async () => {
    await using folder = await temporaryFolder()
    const [source, target] = [join(folder.path, 'backups'), join(folder.path, 'second')]
    await using backup = await startVolumeBackup(source)
    await backup.grow(1, 1000)

    expect(await kannery('copy', source, source)).toMatchObject({ status: 2 })
    expect(await kannery('copy', source, target, '--topic', 'none')).toMatchObject({
      status: 10,
      stderr: expect.stringContaining('no topic matches none'),
    })
  }, 30_000)

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await sleep(5)
  }
})
