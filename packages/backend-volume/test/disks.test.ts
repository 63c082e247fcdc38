import fs from 'node:fs/promises'
import { join } from 'node:path'
import { keyPrefix, objectKey } from '@kannery/storage'
import { runCase, seededRandom, storageContract } from '@kannery/storage-testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FileSystem } from '../src/disk/file-system.ts'
import { VolumeBackend } from '../src/index.ts'
import { environment, ifAbsent, scratchFolder } from './fixtures.ts'
import { errno, watchedFiles } from './watched-files.ts'

let folder: Awaited<ReturnType<typeof scratchFolder>>
beforeEach(async () => {
  folder = await scratchFolder('tmpfs')
})
afterEach(async () => {
  await folder[Symbol.asyncDispose]()
})

async function openOn(files: FileSystem): Promise<VolumeBackend> {
  return await VolumeBackend.open({ path: folder.path }, environment, files)
}

describe('a disk without hard links', () => {
  const withoutLinks = watchedFiles(({ name }) => {
    if (name === 'link') throw errno('EPERM')
  })
  test.each(storageContract)('$name', { timeout: 60_000 }, async (contractCase) => {
    await runCase(contractCase, {
      open: () => openOn(withoutLinks),
      prefix: keyPrefix('scratch/'),
      random: seededRandom(1),
      clock: environment.clock,
    })
  })
})

describe('a disk that backups cannot use', () => {
  const disks: Readonly<Record<string, { files: FileSystem; message: RegExp }>> = {
    'treats names as one that differ in case': {
      files: watchedFiles(({ name, path }) => {
        if (name === 'open' && path.endsWith('name-\u00e9')) throw errno('EEXIST')
      }),
      message: /does not distinguish some names/,
    },
    'treats names as one that differ in the form of an accent': {
      files: watchedFiles(({ name, path }) => {
        if (name === 'open' && path.endsWith('e\u0301')) throw errno('EEXIST')
      }),
      message: /does not distinguish some names/,
    },
    'copies instead of renaming': {
      files: watchedFiles(async ({ name, path, to }) => {
        if (name !== 'rename' || to === undefined || !path.endsWith('/from')) return
        await fs.copyFile(path, `${to}-copy`)
        await fs.rename(`${to}-copy`, to)
        await fs.rm(path)
        await fs.writeFile(path, '')
      }),
      message: /cannot replace a file safely/,
    },
    'moves files into folders that no longer exist': {
      files: watchedFiles(async ({ name, to }) => {
        if (name === 'rename' && to?.endsWith('/before/content')) await fs.mkdir(join(to, '..'))
      }),
      message: /cannot delete a file safely/,
    },
    'cannot flush a folder': {
      files: watchedFiles(({ name, path }) => {
        if (name === 'handle.sync' && /probe-[0-9a-f]+$/.test(path)) throw errno('EINVAL')
      }),
      message: /cannot do what a backup needs/,
    },
    'is a mounted object store': {
      files: new Proxy(
        watchedFiles(() => undefined),
        {
          get: (target, name) =>
            name === 'readFile'
              ? async () => '1 0 0:1 / / rw - fuse.s3fs s3fs rw'
              : Reflect.get(target, name),
        },
      ),
      message: /through fuse\.s3fs/,
    },
  }

  test.each(Object.keys(disks))('is refused, without a file left on it, if it %s', async (name) => {
    const { files, message } = disks[name] as (typeof disks)[string]
    const storage = await openOn(files)

    await expect(storage.put(objectKey('a/b'), Buffer.from('x'), ifAbsent)).rejects.toMatchObject({
      code: 'STORAGE_UNSUPPORTED',
      message: expect.stringMatching(message),
    })
    const left = await fs.readdir(folder.path, { recursive: true })
    expect(left.filter((path) => path !== '.kannery')).toEqual([])
  })

  test('may still be read', async () => {
    const writer = await VolumeBackend.open({ path: folder.path }, environment)
    await writer.put(objectKey('a/b'), Buffer.from('x'), ifAbsent)
    const reader = await openOn((disks['cannot flush a folder'] as { files: FileSystem }).files)

    expect(await reader.head(objectKey('a/b'))).toMatchObject({ size: 1 })
  })
})

describe('a network file system that repeats a call whose answer was lost', () => {
  /** The call succeeds, and its repetition fails as the second one must. */
  function repeating(which: (name: string, to: string) => boolean, code: string): FileSystem {
    let left = 1
    return watchedFiles(async ({ name, path, to = '' }) => {
      if (!which(name, to) || left === 0) return
      left--
      await (name === 'link' ? fs.link(path, to) : fs.rename(path, to))
      throw errno(code)
    })
  }
  const key = objectKey('topic/index')
  const before = async (): Promise<NonNullable<Awaited<ReturnType<VolumeBackend['head']>>>> => {
    const plain = await VolumeBackend.open({ path: folder.path }, environment)
    return await plain.put(key, Buffer.from('old'), ifAbsent)
  }

  test('does not make a creation fail', async () => {
    const storage = await openOn(
      repeating((name, to) => name === 'link' && to.endsWith('index'), 'EEXIST'),
    )

    const stored = await storage.put(key, Buffer.from('mine'), ifAbsent)
    expect(await storage.head(key)).toEqual(stored)
    expect(await fs.readdir(join(folder.path, 'topic', '.kannery'))).toEqual([])
  })

  test('does not make a replacement fail', async () => {
    const { version } = await before()
    const storage = await openOn(
      repeating((name, to) => name === 'rename' && to.endsWith('index'), 'ENOENT'),
    )

    const condition = { kind: 'if-version', version } as const
    const stored = await storage.put(key, Buffer.from('mine'), { condition })
    expect(await storage.head(key)).toEqual(stored)
  })

  test('does not make a deletion fail', async () => {
    const { version } = await before()
    const storage = await openOn(repeating((_, to) => to.endsWith('/removed'), 'ENOENT'))

    await storage.delete(key, { ifVersion: version })
    expect(await storage.head(key)).toBeUndefined()
    expect(await fs.readdir(join(folder.path, 'topic', '.kannery'))).toEqual([])
  })

  test('is not believed when another file has the name', async () => {
    const plain = await VolumeBackend.open({ path: folder.path }, environment)
    let left = 1
    const files = watchedFiles(async ({ name, to = '' }) => {
      if (name !== 'link' || !to.endsWith('index') || left-- <= 0) return
      await fs.writeFile(to, 'theirs')
    })

    await expect(
      (await openOn(files)).put(key, Buffer.from('mine'), ifAbsent),
    ).rejects.toMatchObject({
      code: 'STORAGE_ALREADY_EXISTS',
    })
    expect(await plain.head(key)).toMatchObject({ size: 6 })
  })
})
