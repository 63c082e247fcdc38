import { atCall, type StorageCall } from '@kannery/storage-testkit'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  broken,
  copier,
  entriesIn,
  indexIn,
  keys,
  type Source,
  secondStorage,
  startSource,
} from '../../test/copy-fixtures.ts'
import { cluster, minutes } from '../../test/fixtures.ts'
import { editIndex } from '../index-file/edit-index.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { Worker } from '../writing/worker.ts'

const writes = ['put', 'openWriter', 'delete', 'deleteMany']
const overwrite = { condition: { kind: 'overwrite' } } as const

let source: Source
let target: ReturnType<typeof secondStorage>

beforeEach(async () => {
  source = await startSource()
  target = secondStorage(source)
})

const sent = (calls: readonly StorageCall[]): string[] =>
  calls.filter(({ operation }) => operation === 'commit').map(({ key }) => key)

async function backupIntoTarget(): Promise<void> {
  const { clock, random } = source.world
  await using worker = await Worker.start({
    storage: target,
    clock,
    random: random.fork(),
    description: 'a backup',
  })
  await worker.acquire('orders', { cluster })
}

describe('a copy of a topic', () => {
  test('a copy names what its source names, and says of what it is one', async () => {
    await source.grow(3)
    const copied = await copier(source, target).copy()

    expect(copied).toEqual({
      topic: 'orders',
      state: 'copied',
      segments: 3,
      reused: 0,
      records: 30,
      bytes: 600,
      deleted: 0,
    })
    expect(await entriesIn(target)).toEqual(await source.entries())
    expect(await broken(target)).toEqual([])
    const [from, copy] = [await indexIn(source.world.memory), await indexIn(target)]
    expect(copy?.copyOf).toEqual({ cluster, commit: from?.commit, at: expect.any(String) })
    expect([...target.contents().keys()]).not.toContain(keys.lease)
  })

  test('a second copy sends what is new, and a third one writes nothing', async () => {
    await source.grow(3)
    await copier(source, target).copy()
    await source.grow(1)
    const second = copier(source, target)
    const third = copier(source, target)

    expect(await second.copy()).toMatchObject({ segments: 1, records: 10 })
    expect(sent(second.target.faults.calls)).toHaveLength(1)
    expect(await third.copy()).toMatchObject({ state: 'current', segments: 0 })
    expect(third.target.faults.calls.map(({ operation }) => operation)).toEqual(['get'])
  })

  test('pages come along, and what moved into them is not sent again', async () => {
    await source.grow(250)
    await copier(source, target).copy()
    await source.grow(20)
    const second = copier(source, target)
    await second.copy()

    const index = await indexIn(target)
    expect(index?.pages.length).toBeGreaterThan(0)
    expect(sent(second.target.faults.calls).filter((key) => key.endsWith('.kan'))).toHaveLength(20)
    expect(await entriesIn(target)).toEqual(await source.entries())
    expect(await broken(target)).toEqual([])
  })

  test('the source is only read', async () => {
    await source.grow(2)
    const one = copier(source, target)
    one.source.faults.onCall(({ operation }) =>
      writes.includes(operation) ? { kind: 'deny' } : undefined,
    )
    await one.copy()

    expect(one.source.faults.calls.filter(({ operation }) => writes.includes(operation))).toEqual(
      [],
    )
  })

  test('what was sent by a copy that died is read, and not sent again; what is damaged of it is', async () => {
    await source.grow(3)
    const [first, second] = await source.entries()
    if (first === undefined || second === undefined) throw new Error('no segments')
    const bytes = source.world.memory.contents().get(keys.segment(first.id)) ?? new Uint8Array()
    await target.put(keys.segment(second.id), Buffer.alloc(200), overwrite)
    const dying = copier(source, target)
    // The index is there before the segments: segments without one are no copy.
    dying.target.faults.onCall(atCall({ operation: 'openWriter' }, { kind: 'deny' }))
    await target.delete(keys.segment(second.id))
    await expect(dying.copy()).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
    await target.put(keys.segment(first.id), bytes, overwrite)
    await target.put(keys.segment(second.id), Buffer.alloc(200), overwrite)

    const resumed = copier(source, target)
    expect(await resumed.copy()).toMatchObject({ segments: 3, reused: 1 })
    expect(sent(resumed.target.faults.calls)).not.toContain(keys.segment(first.id))
    expect(await broken(target)).toEqual([])
  })

  test('a damaged segment of the source is named, and nothing is published', async () => {
    await source.grow(3)
    await copier(source, target).copy()
    const before = await entriesIn(target)
    await source.grow(1)
    const damaged = keys.segment((await source.entries()).at(-1)?.id ?? ('' as never))
    await source.world.replace(damaged, Buffer.alloc(200))

    await expect(copier(source, target).copy()).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      facts: { key: damaged },
    })
    expect(await entriesIn(target)).toEqual(before)
    expect(target.contents().has(damaged)).toBe(false)
  })

  test('a segment that is missing in the source is named', async () => {
    await source.grow(2)
    const [first] = await source.entries()
    await source.world.remove(keys.segment(first?.id ?? ('' as never)))

    await expect(copier(source, target).copy()).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringContaining('missing in the source'),
    })
  })

  test('a source with segments but no index is distinguished from one without a backup', async () => {
    await source.grow(1)
    await source.world.remove(keys.index)
    await expect(copier(source, target).copy()).rejects.toMatchObject({ code: 'INDEX_MISSING' })
    await source.world.removeFolder('orders')
    await expect(copier(source, target).copy()).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
    expect(target.contents().size).toBe(0)
  })

  test('what the retention deleted at the source goes here, too, and comes to no new copy', async () => {
    await source.grow(4)
    await copier(source, target).copy()
    await source.prune(1)
    const other = secondStorage(source)

    expect(await copier(source, target).copy()).toMatchObject({ segments: 0, deleted: 3 })
    expect(await copier(source, other).copy()).toMatchObject({ segments: 1, deleted: 0 })
    for (const storage of [target, other]) {
      expect([...storage.contents().keys()].filter((key) => key.endsWith('.kan'))).toHaveLength(1)
      expect(await entriesIn(storage)).toEqual(await source.entries())
    }
  })

  test('a segment that expired and is gone is named as at the source', async () => {
    await source.grow(2)
    const [first] = await source.entries()
    if (first === undefined) throw new Error('no segments')
    await source.expire(first.id)
    await source.world.remove(keys.segment(first.id))

    expect(await copier(source, target).copy()).toMatchObject({ segments: 1 })
    expect(await broken(target)).toEqual([])
  })

  describe('a target that is left alone, because it is no copy of this backup', () => {
    async function expectRefused(why: string): Promise<void> {
      const before = target.contents()
      await expect(copier(source, target).copy()).rejects.toMatchObject({
        code: 'INDEX_FOREIGN',
        why: expect.stringContaining(why),
      })
      expect(target.contents()).toEqual(before)
    }

    test('a backup', async () => {
      await source.grow(1)
      await backupIntoTarget()
      await expectRefused('a backup of its own')
    })

    test('a copy that a backup continued', async () => {
      await source.grow(1)
      await copier(source, target).copy()
      await backupIntoTarget()
      await source.grow(1)
      await expectRefused('a backup of its own')
    })

    test('the copy of another backup of the same topic', async () => {
      await source.grow(1)
      await copier(source, target).copy()
      source = await startSource({ startsAfterMs: minutes(1) })
      await source.grow(1)
      await expectRefused('another backup of the topic')
    })

    test('the copy of a newer state', async () => {
      await source.grow(1)
      const old = source.world.text(keys.index)
      await source.grow(1)
      await copier(source, target).copy()
      await source.world.replace(keys.index, old)
      await expectRefused('a newer state')
    })
  })

  test('a copy is not edited: its source is', async () => {
    await source.grow(1)
    await copier(source, target).copy()
    const { clock, random } = source.world
    const ids = new UlidSource({ clock, random })

    await expect(
      editIndex(target, 'orders', { ids, edit: (index) => index }),
    ).rejects.toMatchObject({
      code: 'INDEX_FOREIGN',
    })
  })

  test('two copies into one target exclude each other', async () => {
    await source.grow(1)
    const slow = copier(source, target)
    slow.source.faults.onCall(
      atCall({ operation: 'get', nth: 2 }, { kind: 'delay', milliseconds: 10_000 }),
    )
    const copying = slow.copy()
    await source.world.pass(100)

    await expect(copier(source, target).copy()).rejects.toMatchObject({ code: 'LEASE_HELD' })
    await source.world.until(copying)
    expect(await broken(target)).toEqual([])
  })
})
