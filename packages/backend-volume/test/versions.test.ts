import fs from 'node:fs/promises'
import { objectKey } from '@kannery/storage'
import { seededRandom } from '@kannery/storage-testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VolumeBackend } from '../src/index.ts'
import { environment, ifAbsent, scratchFolder } from './fixtures.ts'
import { watchedFiles } from './watched-files.ts'

const key = objectKey('topic/__lease')

let folder: Awaited<ReturnType<typeof scratchFolder>>
beforeEach(async () => {
  folder = await scratchFolder('tmpfs')
})
afterEach(async () => {
  await folder[Symbol.asyncDispose]()
})

/** A process on a disk whose clock stands still: as within one tick. */
async function processWithinOneTick(seed: number): Promise<VolumeBackend> {
  const files = watchedFiles(async ({ name, path, to = '' }) => {
    if (name === 'rename' && to.includes('/claim-')) await fs.utimes(path, 1_000_000, 1_000_000)
  })
  const random = seededRandom(seed)
  return await VolumeBackend.open({ path: folder.path }, { ...environment, random }, files)
}

/** The inode may be the same one: the disk decides that. */
const timeOf = (version: string): string | undefined => version.split('-')[1]

describe('the version of an object', () => {
  test('successive states of one name within a tick have different versions', async () => {
    const storage = await processWithinOneTick(1)
    let { version } = await storage.put(key, Buffer.from('0'), ifAbsent)
    const times = new Set([timeOf(version)])
    for (let round = 1; round < 200; round++) {
      const condition = { kind: 'if-version', version } as const
      version = (await storage.put(key, Buffer.from('x'), { condition })).version
      times.add(timeOf(version))
    }

    expect(times.size).toBe(200)
  })

  test('an object created again within a tick by the same process has another version', async () => {
    const storage = await processWithinOneTick(1)
    const times = new Set<string | undefined>()
    for (let round = 0; round < 200; round++) {
      const { version } = await storage.put(key, Buffer.from('x'), ifAbsent)
      times.add(timeOf(version))
      await storage.delete(key, { ifVersion: version })
    }

    expect(times.size).toBe(200)
  })

  test('an object created again within a tick by another process has another version', async () => {
    const [first, second] = [await processWithinOneTick(1), await processWithinOneTick(2)]
    const { version } = await first.put(key, Buffer.from('x'), ifAbsent)
    await first.delete(key, { ifVersion: version })
    const successor = await second.put(key, Buffer.from('x'), ifAbsent)

    expect(timeOf(successor.version)).not.toBe(timeOf(version))
  })
})
