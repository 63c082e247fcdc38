import fs from 'node:fs/promises'
import { join } from 'node:path'
import { KanneryError, type ObjectVersion, objectKey } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VolumeBackend } from '../src/index.ts'
import { environment, scratchFolder } from './fixtures.ts'
import { errno, watchedFiles } from './watched-files.ts'

const key = objectKey('topic/index')

type Change = (storage: VolumeBackend, seen: ObjectVersion) => Promise<unknown>

const changes: Readonly<Record<string, Change>> = {
  put: (storage, version) =>
    storage.put(key, Buffer.from('new'), { condition: { kind: 'if-version', version } }),
  openWriter: async (storage, version) => {
    await using writer = await storage.openWriter(key, {
      condition: { kind: 'if-version', version },
    })
    await writer.write(Buffer.from('new'))
    await writer.commit()
  },
  delete: (storage, ifVersion) => storage.delete(key, { ifVersion }),
}

let folder: Awaited<ReturnType<typeof scratchFolder>>
beforeEach(async () => {
  folder = await scratchFolder('tmpfs')
})
afterEach(async () => {
  await folder[Symbol.asyncDispose]()
})

describe.each(Object.keys(changes))('a disk that fails anywhere in %s', (name) => {
  test.each([
    ['ENOSPC', 'STORAGE_FULL'],
    ['EACCES', 'STORAGE_DENIED'],
    ['EIO', 'STORAGE_UNAVAILABLE'],
  ])('with %s is reported as %s, and leaves the old or the new state', async (status, code) => {
    const change = changes[name] as Change
    const outcomes = new Set<string>()
    for (let failAt = 0; ; failAt++) {
      const path = join(folder.path, String(failAt))
      const plain = await VolumeBackend.open({ path }, environment)
      const { version } = await plain.put(key, Buffer.from('old'), {
        condition: { kind: 'if-absent' },
      })
      let calls = 0
      const files = watchedFiles(({ name: call }) => {
        // A failure to close a file cannot be reported; the kernel closes it.
        if (call === 'handle.close') return
        const at = calls++
        // A full disk stays full.
        if (at === failAt || (at > failAt && status === 'ENOSPC')) throw errno(status)
      })
      const storage = await VolumeBackend.open({ path }, environment, files)
      const reported = await change(storage, version).then(
        () => 'done',
        (error: unknown) => (KanneryError.is(error) ? error.code : String(error)),
      )
      if (calls <= failAt) break
      const found = await readObject(plain, key)
      const state = found === undefined ? 'deleted' : Buffer.from(found.bytes).toString()
      outcomes.add(`${reported}, ${state}`)
      expect(['topic', '.kannery']).toEqual(expect.arrayContaining(await fs.readdir(path)))
      await fs.rm(path, { recursive: true })
    }

    const after = name === 'delete' ? 'deleted' : 'new'
    const allowed = [
      `${code}, old`,
      // The folder could not be flushed.
      name === 'delete' ? `${code}, deleted` : 'STORAGE_NOT_DURABLE, new',
      // What failed was only the clean-up.
      `done, ${after}`,
    ]
    expect(allowed).toEqual(expect.arrayContaining([...outcomes]))
    expect(outcomes).toContain(`${code}, old`)
  })
})

describe('a write or deletion that fails', () => {
  test('a deletion for which not even a folder can be made gets the space of the reserve', async () => {
    const plain = await VolumeBackend.open({ path: folder.path }, environment)
    {
      await using writer = await plain.openWriter(key, { condition: { kind: 'if-absent' } })
      await writer.commit()
    }
    let full = true
    const files = watchedFiles(({ name, path }) => {
      if (name === 'rm' && path.endsWith('/reserve')) full = false
      if (name === 'mkdir' && full) throw errno('ENOSPC')
    })
    const storage = await VolumeBackend.open({ path: folder.path }, environment, files)
    await storage.delete(key)
    expect(await plain.head(key)).toBeUndefined()
    expect(await fs.readdir(join(folder.path, '.kannery'))).toEqual(['reserve'])
  })

  test('the unfinished file of a failed writer is swept', async () => {
    const files = watchedFiles(({ name, path }) => {
      if (name === 'rm' && path.includes('unfinished')) throw errno('EIO')
      if (name === 'handle.sync' && path.includes('unfinished')) throw errno('EIO')
    })
    const storage = await VolumeBackend.open({ path: folder.path }, environment, files)
    const put = storage.put(key, Buffer.from('x'), { condition: { kind: 'if-absent' } })
    await expect(put).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })

    const plain = await VolumeBackend.open({ path: folder.path }, environment)
    expect(await fs.readdir(join(folder.path, 'topic', '.kannery'))).toHaveLength(1)
    expect(
      await plain.sweepUnfinished('' as never, { olderThanMs: 60_000, isOurs: () => true }),
    ).toBe(0)
    expect(await plain.sweepUnfinished('' as never, { olderThanMs: 0, isOurs: () => true })).toBe(1)
    expect(await fs.readdir(join(folder.path, 'topic', '.kannery'))).toEqual([])
  })

  test('a writer whose unfinished file was swept reports that it has to be written again', async () => {
    const storage = await VolumeBackend.open({ path: folder.path }, environment)
    await using writer = await storage.openWriter(key, { condition: { kind: 'if-absent' } })
    await writer.write(Buffer.from('x'))
    await storage.sweepUnfinished('' as never, { olderThanMs: 0, isOurs: () => true })

    await expect(writer.commit()).rejects.toMatchObject({ code: 'STORAGE_REWRITE_NEEDED' })
    expect(await storage.head(key)).toBeUndefined()
  })

  test('a put whose unfinished file is swept again and again starts over', async () => {
    const plain = await VolumeBackend.open({ path: folder.path }, environment)
    let sweeps = 3
    const files = watchedFiles(async ({ to = '' }) => {
      if (to.includes('/claim-') && sweeps-- > 0) {
        await plain.sweepUnfinished('' as never, { olderThanMs: -1000, isOurs: () => true })
      }
    })
    const storage = await VolumeBackend.open({ path: folder.path }, environment, files)
    await storage.put(key, Buffer.from('stored'), { condition: { kind: 'if-absent' } })

    expect(await plain.head(key)).toMatchObject({ size: 6 })
  })
})
