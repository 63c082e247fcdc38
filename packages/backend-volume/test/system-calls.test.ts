import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import { join, relative } from 'node:path'
import { keyPrefix, objectKey } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VolumeBackend } from '../src/index.ts'
import { environment, ifAbsent, scratchFolder } from './fixtures.ts'
import { type SystemCall, watchedFiles } from './watched-files.ts'

let folder: Awaited<ReturnType<typeof scratchFolder>>
let calls: SystemCall[]
let storage: VolumeBackend

beforeEach(async () => {
  folder = await scratchFolder('disk')
  calls = []
  const files = watchedFiles((call) => {
    calls.push(call)
  })
  storage = await VolumeBackend.open({ path: folder.path }, environment, files)
  // The folders and the reserve are made, and the disk is probed.
  await storage.put(objectKey('orders/first'), Buffer.from('x'), ifAbsent)
  {
    await using writer = await storage.openWriter(objectKey('orders/before.kan'), ifAbsent)
    await writer.commit()
  }
  calls = []
})
afterEach(async () => {
  await folder[Symbol.asyncDispose]()
})

/** The calls that change something or make it durable, in order, with ids left out. */
function changes(): string[] {
  const place = (path: string): string =>
    (relative(folder.path, path) || '.').replace(/-[0-9a-f]{16,32}/g, '')
  return calls
    .filter(
      ({ name }) => !/^(l?stat|realpath|readdir|readFile|handle\.(stat|close|read))$/.test(name),
    )
    .map(({ name, path, to }) =>
      [name, place(path), ...(to === undefined ? [] : [place(to)])].join(' '),
    )
}

describe('the system calls of a storage in a folder', () => {
  test('a segment is written, flushed, linked, its folder flushed, and only then reported as stored', async () => {
    {
      await using writer = await storage.openWriter(objectKey('orders/a.kan'), ifAbsent)
      await writer.write(Buffer.from('records'))
      await writer.commit()
      calls.push({ name: 'reported', path: join(folder.path, 'orders/a.kan') })
    }

    expect(changes()).toEqual([
      'mkdir orders/.kannery',
      'open orders/.kannery/unfinished',
      'handle.writev orders/.kannery/unfinished',
      'handle.sync orders/.kannery/unfinished',
      'rename orders/.kannery/unfinished orders/.kannery/claim',
      'utimes orders/.kannery/claim',
      'link orders/.kannery/claim orders/a.kan',
      'rm orders/.kannery/claim',
      'rm orders/.kannery/aside',
      'open orders',
      'handle.sync orders',
      'reported orders/a.kan',
    ])
  })

  test('an index is written, flushed, renamed, its folder flushed, and only then reported as stored', async () => {
    const key = objectKey('orders/first')
    const { version } = (await storage.head(key)) ?? { version: 'none' as never }
    calls = []
    await storage.put(key, Buffer.from('next'), { condition: { kind: 'if-version', version } })
    calls.push({ name: 'reported', path: join(folder.path, key) })

    expect(changes()).toEqual([
      'mkdir orders/.kannery',
      'open orders/.kannery/unfinished',
      'handle.writeFile orders/.kannery/unfinished',
      'handle.sync orders/.kannery/unfinished',
      'rename orders/.kannery/unfinished orders/.kannery/claim',
      'utimes orders/.kannery/claim',
      'rename orders/.kannery/claim orders/first',
      'open orders',
      'handle.sync orders',
      'reported orders/first',
    ])
  })

  test('a condition is checked after the claim is made and the others are moved aside', async () => {
    const claim = (): number => calls.findIndex(({ to }) => to?.includes('/claim-'))
    const key = objectKey('orders/first')
    const { version } = (await storage.head(key)) ?? { version: 'none' as never }
    calls = []
    await storage.put(key, Buffer.from('next'), { condition: { kind: 'if-version', version } })

    const after = calls
      .slice(claim())
      .map(({ name, path }) => `${name} ${relative(folder.path, path)}`)
    expect(after[1]).toBe('readdir orders/.kannery')
    expect(after[2]).toBe('lstat orders/first')
  })

  test('a deletion is durable before it is reported', async () => {
    await storage.delete(objectKey('orders/first'))
    calls.push({ name: 'reported', path: folder.path })

    expect(changes()).toEqual([
      'mkdir orders/.kannery',
      'mkdir orders/.kannery/claim',
      'rename orders/first orders/.kannery/claim/removed',
      'rm orders/.kannery/claim',
      'rm orders/.kannery/aside',
      'open orders',
      'handle.sync orders',
      'reported .',
    ])
  })

  test('a new folder is durable in its parent before anything is put into it', async () => {
    await storage.put(objectKey('deep/er/object'), Buffer.from('x'), ifAbsent)

    expect(changes().slice(0, 8)).toEqual([
      'mkdir deep',
      'open .',
      'handle.sync .',
      'mkdir deep/er',
      'open deep',
      'handle.sync deep',
      'mkdir deep/er/.kannery',
      'open deep/er/.kannery/unfinished',
    ])
  })

  test('reading changes nothing, also where no object exists', async () => {
    const [key, missing] = [objectKey('orders/first'), objectKey('nothing/here')]
    await storage.head(key)
    await readObject(storage, key)
    expect(await storage.head(missing)).toBeUndefined()
    expect(await readObject(storage, missing)).toBeUndefined()
    for (const depth of ['children', 'all'] as const) {
      await Array.fromAsync(storage.list(keyPrefix(''), { depth }))
      await Array.fromAsync(storage.list(keyPrefix('nothing/'), { depth }))
    }
    await storage.delete(missing)

    const opened = calls.filter(({ name }) => name === 'open' || name === 'opendir')
    const writing = constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC
    for (const { flags } of opened) expect((flags ?? 0) & writing).toBe(0)
    expect(changes().filter((change) => !/^open(dir)? /.test(change))).toEqual([])
  })

  test('a storage that is only read may be read-only, and is never created', async () => {
    const path = join(folder.path, 'never')
    const reader = await VolumeBackend.open({ path }, environment)

    await expect(reader.head(objectKey('a'))).rejects.toMatchObject({
      code: 'STORAGE_CONTAINER_NOT_FOUND',
    })
    await expect(fs.stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('folders are open to their owner only, and so are files', async () => {
    const path = join(folder.path, 'new')
    const fresh = await VolumeBackend.open({ path }, environment)
    await fresh.put(objectKey('orders/index'), Buffer.from('x'), ifAbsent)
    {
      await using writer = await fresh.openWriter(objectKey('orders/a.kan'), ifAbsent)
      await writer.write(Buffer.from('x'))
      await writer.commit()
    }
    const modeOf = async (name: string): Promise<string> =>
      ((await fs.stat(join(path, name))).mode & 0o777).toString(8)

    for (const name of ['', 'orders', 'orders/.kannery', '.kannery'])
      expect(await modeOf(name)).toBe('700')
    for (const name of ['orders/index', 'orders/a.kan']) expect(await modeOf(name)).toBe('600')
  })
})
