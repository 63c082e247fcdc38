import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { editIndex, type Index } from '@kannery/core/index-file'
import { UlidSource } from '@kannery/core/ulid'
import { systemClock, systemRandom } from '@kannery/runtime'
import { describe, expect, test } from 'vitest'
import { kannery, temporaryFolder } from '../../../test/command-line.ts'
import { commandsOf } from '../../../test/documentation.ts'
import { openVolume, startVolumeBackup } from '../../../test/volume-backup.ts'

const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000)

async function edit(backups: string, change: (index: Index) => Index): Promise<void> {
  await using storage = await openVolume(backups)
  const ids = new UlidSource({ clock: systemClock, random: systemRandom })
  await editIndex(storage, 'orders', { ids, edit: change })
}

/** A backup with one segment of garbage, and with the heartbeat of a worker that is dead. */
async function litteredBackup(backups: string): Promise<{ garbage: string; heartbeat: string }> {
  let garbage = ''
  {
    await using backup = await startVolumeBackup(backups)
    await backup.grow(3, 100)
  }
  await edit(backups, (index) => {
    const [oldest, ...segments] = index.segments
    if (oldest === undefined) throw new Error('there is no segment')
    garbage = join(backups, 'orders', `${oldest.id}.kan`)
    const since = twoDaysAgo.toISOString()
    return { ...index, segments, garbage: [{ id: oldest.id, kind: 'segment', since }] }
  })
  const workers = join(backups, '~workers')
  mkdirSync(workers, { recursive: true })
  const heartbeat = join(workers, '01JD8Z3V9GQ5M2K7R4T6W8Y0AB')
  writeFileSync(heartbeat, '{"ttlMs":300000}\n')
  utimesSync(heartbeat, twoDaysAgo, twoDaysAgo)
  return { garbage, heartbeat }
}

describe('kannery gc', () => {
  test('the commands of docs/operations/clean-up.md delete what is left over, and show it first', async () => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    const { garbage, heartbeat } = await litteredBackup(backups)
    const commands = commandsOf('clean-up.md', backups)
    expect(commands).toHaveLength(2)

    const topic = {
      topic: 'orders',
      segments: 0,
      bytes: 0,
      garbage: 1,
      orphans: 0,
      writer: null,
      copy: false,
    }
    const [dryRun = [], real = []] = commands
    const foreseen = await kannery(...dryRun, '-o', 'json')
    expect(JSON.parse(foreseen.stdout)).toEqual({
      topics: [topic],
      failed: [],
      heartbeats: 1,
      unfinishedUploads: null,
    })
    expect([garbage, heartbeat].map((path) => existsSync(path))).toEqual([true, true])

    const done = await kannery(...real, '-o', 'json')
    expect(JSON.parse(done.stdout)).toEqual({
      topics: [topic],
      failed: [],
      heartbeats: 1,
      unfinishedUploads: 0,
    })
    expect([garbage, heartbeat].map((path) => existsSync(path))).toEqual([false, false])
    const left = readdirSync(join(backups, 'orders')).filter((name) => name.endsWith('.kan'))
    expect(left).toHaveLength(2)
  })

  test('deletes nothing of the topic of a running backup, and keeps its heartbeat', async () => {
    await using folder = await temporaryFolder()
    const backups = join(folder.path, 'backups')
    const { garbage } = await litteredBackup(backups)
    await using _running = await startVolumeBackup(backups)
    const { stdout, status } = await kannery('gc', backups)
    expect(status).toBe(0)
    expect(stdout).toContain('nothing deleted: a backup is writing')
    expect(existsSync(garbage)).toBe(true)
    const heartbeats = readdirSync(join(backups, '~workers')).filter(
      (name) => !name.startsWith('.'),
    )
    expect(heartbeats).toHaveLength(1)
  })

  test('leaves a second copy alone', async () => {
    await using folder = await temporaryFolder()
    const [backups, second] = [join(folder.path, 'backups'), join(folder.path, 'second')]
    const { garbage } = await litteredBackup(backups)
    await kannery('copy', backups, second)
    const before = readFileSync(join(second, 'orders', 'index'), 'utf8')
    const { stdout } = await kannery('gc', second)
    expect(stdout).toContain('a copy: the next kannery copy cleans it up')
    expect(readFileSync(join(second, 'orders', 'index'), 'utf8')).toBe(before)
    expect(existsSync(garbage)).toBe(true)
  })
})
