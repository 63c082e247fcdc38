import { execFileSync } from 'node:child_process'
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { keyPrefix, objectKey } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VolumeBackend } from '../src/index.ts'
import { environment, ifAbsent, scratchFolder } from './fixtures.ts'
import { errno, watchedFiles } from './watched-files.ts'

const key = objectKey('topic/index')

let folder: Awaited<ReturnType<typeof scratchFolder>>
let storage: VolumeBackend
beforeEach(async () => {
  folder = await scratchFolder('disk')
  storage = await VolumeBackend.open({ path: folder.path }, environment)
})
afterEach(async () => {
  await folder[Symbol.asyncDispose]()
})

describe('a change of the files by another program', () => {
  test('counts at once when it deletes an object', async () => {
    const { version } = await storage.put(key, Buffer.from('x'), ifAbsent)
    await fs.rm(join(folder.path, key))

    expect(await storage.head(key)).toBeUndefined()
    const replacement = storage.put(key, Buffer.from('y'), {
      condition: { kind: 'if-version', version },
    })
    await expect(replacement).rejects.toMatchObject({ code: 'STORAGE_PRECONDITION_FAILED' })
    await storage.put(key, Buffer.from('z'), ifAbsent)
  })

  test('counts at once when it edits an object', async () => {
    const { version } = await storage.put(key, Buffer.from('written'), ifAbsent)
    await fs.writeFile(join(folder.path, key), 'edited!')

    const replacement = storage.put(key, Buffer.from('y'), {
      condition: { kind: 'if-version', version },
    })
    await expect(replacement).rejects.toMatchObject({ code: 'STORAGE_PRECONDITION_FAILED' })
    const edited = await storage.head(key)
    expect(edited?.version).not.toBe(version)
    const accepted = { kind: 'if-version', version: edited?.version ?? version } as const
    await storage.put(key, Buffer.from('y'), { condition: accepted })
  })

  test('counts at once when it copies a file into the storage', async () => {
    await fs.mkdir(join(folder.path, 'copied'))
    await fs.writeFile(join(folder.path, 'copied', 'index'), 'from elsewhere')

    const found = await readObject(storage, objectKey('copied/index'))
    expect(Buffer.from(found?.bytes ?? []).toString()).toBe('from elsewhere')
  })

  test('counts at once when it removes a whole folder during a write', async () => {
    await using writer = await storage.openWriter(objectKey('topic/a.kan'), ifAbsent)
    await writer.write(Buffer.from('x'))
    await fs.rm(join(folder.path, 'topic'), { recursive: true })

    await expect(writer.commit()).rejects.toMatchObject({ code: 'STORAGE_REWRITE_NEEDED' })
    await storage.put(key, Buffer.from('y'), ifAbsent)
    expect(await storage.head(key)).toMatchObject({ size: 1 })
  })

  test('that removes the storage folder does not make it look empty', async () => {
    await storage.put(key, Buffer.from('x'), ifAbsent)
    await fs.rm(folder.path, { recursive: true })

    await expect(storage.head(key)).rejects.toMatchObject({ code: 'STORAGE_CONTAINER_NOT_FOUND' })
    await expect(readObject(storage, key)).rejects.toMatchObject({
      code: 'STORAGE_CONTAINER_NOT_FOUND',
    })
  })
})

describe('a listing', () => {
  test('leaves out files that no backup writes', async () => {
    await storage.put(key, Buffer.from('x'), ifAbsent)
    await storage.put(objectKey('top'), Buffer.from('x'), ifAbsent)
    const put = (name: string) => fs.writeFile(join(folder.path, name), '')
    await fs.mkdir(join(folder.path, 'lost+found'))
    await fs.mkdir(join(folder.path, 'empty', 'below'), { recursive: true })
    await fs.mkdir(join(folder.path, '.snapshot'))
    for (const name of [
      '.nfs000001',
      '.hidden',
      'back\\slash',
      'lost+found/x',
      'topic/.DS_Store',
      '.snapshot/x',
    ]) {
      await put(name)
    }
    await fs.symlink('/etc/hostname', join(folder.path, 'topic', 'link'))
    execFileSync('mkfifo', [join(folder.path, 'topic', 'pipe')])

    const names = async (depth: 'all' | 'children') =>
      await Array.fromAsync(storage.list(keyPrefix(''), { depth }), (entry) =>
        entry.kind === 'object' ? entry.info.key : entry.prefix,
      )
    expect(await names('all')).toEqual(['top', 'topic/index'])
    expect(await names('children')).toEqual(['top', 'topic/'])
  })

  test('names a link in place of a folder, which is refused when it is read', async () => {
    await storage.put(key, Buffer.from('x'), ifAbsent)
    await fs.symlink('/etc', join(folder.path, 'linked'))
    await fs.symlink(join(folder.path, 'not-mounted'), join(folder.path, 'leads-nowhere'))

    const listed = storage.list(keyPrefix(''), { depth: 'children' })
    const prefixes = await Array.fromAsync(listed, (entry) =>
      entry.kind === 'folder' ? entry.prefix : undefined,
    )
    expect(prefixes).toEqual(['leads-nowhere/', 'linked/', 'topic/'])
    for (const name of ['linked/index', 'leads-nowhere/index']) {
      await expect(storage.head(objectKey(name)), name).rejects.toMatchObject({
        code: 'STORAGE_UNSUPPORTED',
      })
    }
  })
})

describe('a folder that this user may not read, such as a recycle bin', () => {
  const denied = async () => {
    await fs.mkdir(join(folder.path, '#recycle', '.kannery'), { recursive: true })
    const files = watchedFiles(({ name, path }) => {
      if (/^(readdir|opendir)$/.test(name) && path.endsWith('#recycle')) throw errno('EACCES')
    })
    return await VolumeBackend.open({ path: folder.path }, environment, files)
  }

  test('is listed, because it may hold something, and does not hide the others', async () => {
    await storage.put(key, Buffer.from('x'), ifAbsent)

    const listed = (await denied()).list(keyPrefix(''), { depth: 'children' })
    expect(await Array.fromAsync(listed)).toEqual([
      { kind: 'folder', prefix: '#recycle/' },
      { kind: 'folder', prefix: 'topic/' },
    ])
  })

  test('is left out when unfinished files are swept', async () => {
    await storage.put(key, Buffer.from('x'), ifAbsent)
    await fs.writeFile(join(folder.path, 'topic', '.kannery', `unfinished-${'0'.repeat(32)}`), '')

    const ours = { olderThanMs: 0, isOurs: () => true }
    expect(await (await denied()).sweepUnfinished(keyPrefix(''), ours)).toBe(1)
  })
})

describe('a link', () => {
  test('or a pipe in place of an object is refused, not followed', async () => {
    await fs.mkdir(join(folder.path, 'topic'))
    await fs.symlink('/etc/hostname', join(folder.path, 'topic', 'link'))
    await fs.symlink('/etc', join(folder.path, 'linked'))
    execFileSync('mkfifo', [join(folder.path, 'topic', 'pipe')])

    for (const name of ['topic/link', 'topic/pipe', 'linked/hostname']) {
      await expect(readObject(storage, objectKey(name)), name).rejects.toMatchObject({
        code: 'STORAGE_UNSUPPORTED',
      })
      const put = storage.put(objectKey(name), Buffer.from('x'), ifAbsent)
      await expect(put, name).rejects.toMatchObject({ code: 'STORAGE_UNSUPPORTED' })
    }
    expect(await fs.readFile('/etc/hostname', 'utf8')).not.toBe('x')
  })

  test('may be the storage folder itself', async () => {
    const link = `${folder.path}-link`
    await fs.symlink(folder.path, link)
    try {
      const linked = await VolumeBackend.open({ path: link }, environment)
      await linked.put(key, Buffer.from('x'), ifAbsent)
      expect(await storage.head(key)).toMatchObject({ size: 1 })
    } finally {
      await fs.rm(link)
    }
  })

  test('cannot lead a key out of the folder', async () => {
    for (const name of [
      '../outside',
      'a/../../outside',
      '/etc/hostname',
      '.kannery/x',
      'a/.kannery/x',
    ]) {
      await expect(storage.head(name as never), name).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      })
      const put = storage.put(name as never, Buffer.from('x'), ifAbsent)
      await expect(put, name).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    }
  })
})
