import fs from 'node:fs/promises'
import { join } from 'node:path'
import { objectKey, type StorageBackend } from '@kannery/storage'
import { decorate, readObject } from '@kannery/storage/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VolumeBackend } from '../src/index.ts'
import { environment, ifAbsent, scratchFolder } from './fixtures.ts'
import { errno, watchedFiles } from './watched-files.ts'

const key = objectKey('orders/index')
const notDurable = { code: 'STORAGE_NOT_DURABLE', exitStatus: 23 }

/** What a flush of the topic's folder does: it succeeds, fails, or does not return. */
type Flush = 'works' | 'fails' | 'hangs'

let folder: Awaited<ReturnType<typeof scratchFolder>>
let flush: Flush
let flushes: number
let testEnded: PromiseWithResolvers<void>
let storage: StorageBackend

beforeEach(async () => {
  folder = await scratchFolder('tmpfs')
  flush = 'works'
  testEnded = Promise.withResolvers()
  const files = watchedFiles(async ({ name, path }) => {
    if (name !== 'handle.sync' || path !== join(folder.path, 'orders')) return
    flushes++
    if (flush === 'fails') throw errno('EIO')
    if (flush === 'hangs') await testEnded.promise
  })
  const backend = await VolumeBackend.open({ path: folder.path }, environment, files)
  await backend.put(objectKey('orders/first'), Buffer.from('x'), ifAbsent)
  flushes = 0
  const retry = { attemptMs: 50, deadlineMs: 300, firstPauseMs: 1, maxPauseMs: 1 }
  storage = decorate(backend, { ...environment, retry })
})
afterEach(async () => {
  testEnded.resolve()
  await folder[Symbol.asyncDispose]()
})

const put = async (): Promise<unknown> => await storage.put(key, Buffer.from('ours'), ifAbsent)

async function stream(): Promise<unknown> {
  await using writer = await storage.openWriter(key, ifAbsent)
  await writer.write(Buffer.from('ours'))
  return await writer.commit()
}

describe.each([
  ['put', put],
  ['streamed write', stream],
])('a %s whose folder cannot be flushed', (_, write) => {
  test('is reported as not durable, although it exists', async () => {
    flush = 'fails'

    await expect(write()).rejects.toMatchObject(notDurable)
    expect(await fs.readFile(join(folder.path, key), 'utf8')).toBe('ours')
  })

  test('does not count as stored when the same bytes are found after its answer was late', async () => {
    flush = 'hangs'
    const writing = write()
    while (flushes === 0) await environment.clock.sleep(1)
    flush = 'fails'

    await expect(writing).rejects.toMatchObject(notDurable)
  })

  test('is stored once a later read has flushed the folder', async () => {
    flush = 'hangs'
    const writing = write()
    while (flushes === 0) await environment.clock.sleep(1)
    flush = 'works'

    expect(await writing).toMatchObject({ key, size: 4 })
  })
})

describe('a name that cannot be flushed', () => {
  test('keeps an object from being read until its folder is flushed', async () => {
    flush = 'fails'
    await expect(put()).rejects.toMatchObject(notDurable)

    await expect(storage.head(key)).rejects.toMatchObject(notDurable)
    await expect(readObject(storage, key)).rejects.toMatchObject(notDurable)
    flush = 'works'
    expect(await storage.head(key)).toMatchObject({ size: 4 })
    const before = flushes
    await storage.head(key)
    expect(flushes).toBe(before)
  })

  test('does not let the next attempt report a deletion as complete', async () => {
    await put()
    flush = 'fails'

    await expect(storage.delete(key)).rejects.toMatchObject(notDurable)
    const results = await Array.fromAsync(storage.deleteMany([key]))
    expect(results).toMatchObject([{ key, error: notDurable }])
    flush = 'works'
    await storage.delete(key)
  })

  test('of a folder of the storage is flushed again before the first write', async () => {
    const path = join(folder.path, 'new')
    let fails = true
    const parents: string[] = []
    const files = watchedFiles(({ name, path: synced }) => {
      if (name !== 'handle.sync' || synced !== folder.path) return
      parents.push(synced)
      if (fails) throw errno('EIO')
    })
    const backend = await VolumeBackend.open({ path }, environment, files)
    await expect(backend.put(key, Buffer.from('x'), ifAbsent)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
    fails = false
    await backend.put(key, Buffer.from('x'), ifAbsent)

    expect(parents).toHaveLength(2)
  })
})
