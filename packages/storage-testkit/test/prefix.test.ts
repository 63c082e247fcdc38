import { keyPrefix, objectKey, type StorageBackend } from '@kannery/storage'
import { decorate, readObject } from '@kannery/storage/client'
import { beforeEach, describe, expect, test } from 'vitest'
import { MemoryStorage, seededRandom, TestClock } from '../src/index.ts'
import { alter } from './alter.ts'

const ifAbsent = { condition: { kind: 'if-absent' } } as const
const clock = new TestClock()
const random = seededRandom(1)
const body = Buffer.from('x')
const prefix = keyPrefix('team/backups/')

let world: MemoryStorage
let storage: StorageBackend

beforeEach(() => {
  world = MemoryStorage.open({ clock })
  storage = decorate(world, { clock, random, prefix })
})

describe('a storage below a prefix', () => {
  test('keys lie below the prefix, and callers do not see it', async () => {
    const [first, second] = [objectKey('orders/index'), objectKey('orders/a.kan')]
    const stored = await storage.put(first, body, ifAbsent)
    await using writer = await storage.openWriter(second, ifAbsent)
    await writer.write(body)

    expect(stored.key).toBe(first)
    expect(await writer.commit()).toMatchObject({ key: second })
    expect([...world.contents().keys()]).toEqual([
      'team/backups/orders/a.kan',
      'team/backups/orders/index',
    ])
    expect(await storage.head(first)).toMatchObject({ key: first })
    expect((await readObject(storage, first))?.info.key).toBe(first)

    const deletions = await Array.fromAsync(storage.deleteMany([first]))
    expect(deletions).toEqual([{ key: first }])
    await storage.delete(second)
    expect(world.contents().size).toBe(0)
  })

  test('a listing has the objects below the prefix, after the key that was asked for', async () => {
    for (const key of ['a/1', 'b/1', 'b/2', 'c']) await storage.put(objectKey(key), body, ifAbsent)
    await world.put(objectKey('team/backups-of-others/d'), body, ifAbsent)
    const names = async (below: string, depth: 'all' | 'children', startAfter?: string) => {
      const options = startAfter === undefined ? {} : { startAfter: objectKey(startAfter) }
      const entries = storage.list(keyPrefix(below), { depth, ...options })
      return await Array.fromAsync(entries, (entry) =>
        entry.kind === 'object' ? entry.info.key : entry.prefix,
      )
    }

    expect(await names('', 'children')).toEqual(['a/', 'b/', 'c'])
    expect(await names('', 'all')).toEqual(['a/1', 'b/1', 'b/2', 'c'])
    expect(await names('b/', 'all', 'b/1')).toEqual(['b/2'])
  })

  test('unfinished uploads of others are left alone', async () => {
    await world.openWriter(objectKey('other'), ifAbsent)
    await storage.openWriter(objectKey('mine'), ifAbsent)

    expect(
      await storage.sweepUnfinished(keyPrefix(''), { olderThanMs: 0, isOurs: () => true }),
    ).toBe(1)
  })

  test('whether an unfinished upload is ours is asked by its key below the prefix', async () => {
    await storage.openWriter(objectKey('orders/segment'), ifAbsent)
    await storage.openWriter(objectKey('of another program'), ifAbsent)
    const asked: string[] = []
    const isOurs = (key: string): boolean => {
      asked.push(key)
      return key === 'orders/segment'
    }

    expect(await storage.sweepUnfinished(keyPrefix(''), { olderThanMs: 0, isOurs })).toBe(1)
    expect(asked).toEqual(['orders/segment', 'of another program'])
  })

  test('no key leads out of the prefix', async () => {
    await expect(storage.head('../../secret' as never)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  test('the location shows the prefix', () => {
    const bucket = alter(world, { location: 's3://bucket' })

    expect(decorate(bucket, { clock, random, prefix }).location).toBe('s3://bucket/team/backups')
    expect(storage.location).toBeUndefined()
  })
})
