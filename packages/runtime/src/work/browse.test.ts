import { topicKeys } from '@kannery/core/layout'
import { objectKey } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { beginIncarnation, MemoryLocation, writeBackup } from '../../test/backup-in-memory.ts'
import { listBackups, showBackup } from './browse.ts'

describe('browsing a backup', () => {
  test('topics are listed from their indexes, and one that cannot be read does not hide the others', async () => {
    await using memory = await MemoryLocation.create()
    const { storage, location } = memory
    await writeBackup(storage, {
      topic: 'orders',
      partitions: 3,
      segments: [{ records: 4 }, { records: 5 }],
    })
    await writeBackup(storage, { topic: 'broken', segments: [{ records: 1 }] })
    await writeBackup(storage, { topic: 'gone', segments: [{ records: 1 }] })
    await memory.change(topicKeys('broken').index, (bytes) => bytes.subarray(0, -30))
    await storage.delete(topicKeys('gone').index)
    await storage.put(objectKey('lost+found/x'), Buffer.from(''), {
      condition: { kind: 'if-absent' },
    })

    expect((await listBackups(location)).report.topics).toEqual([
      { topic: 'broken', error: expect.objectContaining({ code: 'DATA_CORRUPT' }) },
      { topic: 'gone', error: expect.objectContaining({ code: 'INDEX_MISSING' }) },
      {
        topic: 'orders',
        partitions: 3,
        records: 9,
        recordsExact: true,
        storedRecords: 9,
        bytes: expect.any(Number),
        segments: 2,
        expiredSegments: 0,
        deletedSegments: 0,
        otherSegments: 0,
        capturedUntil: '2025-11-23T07:00:00.000Z',
      },
    ])
  })

  test('a listing asks for one level and not for all objects', async () => {
    await using memory = await MemoryLocation.create()
    await writeBackup(memory.storage, { topic: 'orders', segments: [{ records: 4 }] })
    await listBackups(memory.location)

    expect(memory.calls()).toEqual(['list ', 'head orders/index', 'get orders/index'])
    expect(memory.accesses).toEqual(['read'])
  })

  test('indexes are read some at a time, and listed in their order', async () => {
    await using memory = await MemoryLocation.create()
    const names = Array.from({ length: 20 }, (_, at) => `topic-${String(at).padStart(2, '0')}`)
    for (const topic of names)
      await writeBackup(memory.storage, { topic, segments: [{ records: 1 }] })
    const askedAt: number[] = []
    memory.rules.push(({ operation }) => {
      if (operation !== 'get') return undefined
      askedAt.push(performance.now())
      return askedAt.length === 1 ? { kind: 'answer-late', milliseconds: 1_000 } : undefined
    })

    const { report } = await listBackups(memory.location)

    expect(report.topics.map(({ topic }) => topic)).toEqual(names)
    const [first = 0] = askedAt
    const beforeItsAnswer = askedAt.filter((at) => at < first + 1_000)
    expect(beforeItsAnswer).toHaveLength(16)
    expect(askedAt).toHaveLength(20)
  })

  test('a topic is shown from its index alone', async () => {
    await using memory = await MemoryLocation.create()
    const [first, second] = await writeBackup(memory.storage, {
      topic: 'orders',
      partitions: 2,
      segments: [{ records: 4 }, { records: 5 }],
    })

    expect(await showBackup(memory.location, 'orders')).toMatchObject({
      summary: { topic: 'orders', records: 9 },
      cluster: 'cluster-1',
      topicId: 'topic-1',
      time: [1000, 1009],
      partitions: [
        { partition: 0, from: 0, next: 9, leaderEpoch: 3 },
        { partition: 1, from: 0, next: 0, leaderEpoch: null },
      ],
      configuration: { 'cleanup.policy': 'delete' },
      segments: [{ id: first?.id }, { id: second?.id }],
    })
    expect(memory.calls()).toEqual(['get orders/index'])
  })

  test('what expired or was deleted is counted apart from what a restore gives', async () => {
    await using memory = await MemoryLocation.create()
    const [, , kept] = await writeBackup(memory.storage, {
      topic: 'orders',
      segments: [{ records: 4 }, { records: 5 }, { records: 6 }],
    })
    const states = ['deleted', 'expired'] as const
    await memory.changeEntries('orders', (entry, at) => {
      const state = states[at]
      return state === undefined ? entry : { ...entry, state }
    })

    const counts = {
      records: 6,
      storedRecords: 6,
      bytes: kept?.bytes,
      segments: 1,
      expiredSegments: 1,
      deletedSegments: 1,
    }
    expect((await listBackups(memory.location)).report.topics).toEqual([
      expect.objectContaining(counts),
    ])
    expect(await showBackup(memory.location, 'orders')).toMatchObject({
      summary: counts,
      time: [1009, 1015],
      segments: [{ state: 'deleted' }, { state: 'expired' }, { id: kept?.id }],
    })
  })

  test('records of aborted transactions are counted as stored, and not as what a consumer sees', async () => {
    await using memory = await MemoryLocation.create()
    await writeBackup(memory.storage, {
      topic: 'orders',
      segments: [{ records: 15 }, { records: 3 }],
    })
    await memory.changeEntries('orders', (entry, at) =>
      at === 0 ? { ...entry, flags: ['transactional'], visible: 5 } : entry,
    )

    expect((await listBackups(memory.location)).report.topics).toEqual([
      expect.objectContaining({ records: 8, recordsExact: true, storedRecords: 18 }),
    ])
  })

  test('where an earlier version did not count what a consumer sees, the number is an upper bound', async () => {
    await using memory = await MemoryLocation.create()
    await writeBackup(memory.storage, { topic: 'orders', segments: [{ records: 15 }] })
    await memory.changeEntries('orders', (entry) => ({ ...entry, flags: ['transactional'] }))

    expect((await listBackups(memory.location)).report.topics).toEqual([
      expect.objectContaining({ records: 15, recordsExact: false, storedRecords: 15 }),
    ])
  })

  test('segments of an incarnation that a restore does not take are counted apart', async () => {
    await using memory = await MemoryLocation.create()
    await writeBackup(memory.storage, { topic: 'orders', segments: [{ records: 4 }] })
    await memory.editIndex('orders', (index) => ({
      ...index,
      incarnations: index.incarnations.flatMap((first) => [
        first,
        { ...first, n: 1, topicId: 'new' },
      ]),
    }))

    expect((await listBackups(memory.location)).report.topics).toEqual([
      expect.objectContaining({ records: 0, segments: 0, otherSegments: 1 }),
    ])
  })

  test('a topic whose folder may not be read is listed with the error, and the others as they are', async () => {
    await using memory = await MemoryLocation.create()
    await writeBackup(memory.storage, { topic: 'orders', segments: [{ records: 4 }] })
    await writeBackup(memory.storage, { topic: 'private', segments: [{ records: 4 }] })
    memory.rules.push(({ key }) => (key.startsWith('private/') ? { kind: 'deny' } : undefined))

    const { report, error } = await listBackups(memory.location)
    expect(error).toMatchObject({ code: 'STORAGE_DENIED' })
    expect(report.topics).toEqual([
      expect.objectContaining({ topic: 'orders', records: 4 }),
      { topic: 'private', error: expect.objectContaining({ code: 'STORAGE_DENIED' }) },
    ])
  })

  test('a topic whose segments are there without an index is not said to have no backup', async () => {
    await using memory = await MemoryLocation.create()
    await writeBackup(memory.storage, { topic: 'orders', segments: [{ records: 4 }] })
    await memory.storage.delete(topicKeys('orders').index)

    await expect(showBackup(memory.location, 'orders')).rejects.toMatchObject({
      code: 'INDEX_MISSING',
    })
  })

  test('all incarnations of a topic are listed, and the selected one is shown', async () => {
    await using memory = await MemoryLocation.create()
    const { storage, location } = memory
    await writeBackup(storage, { topic: 'orders', partitions: 2, segments: [{ records: 4 }] })
    await beginIncarnation(storage, 'orders', 'topic-2')

    expect(await showBackup(location, 'orders')).toMatchObject({
      incarnation: 1,
      topicId: 'topic-2',
      time: null,
      partitions: [{ partition: 0, from: 7, next: 7 }],
      incarnations: [
        { n: 0, topicId: 'topic-1', branch: 0, partitions: 2, segments: 1 },
        { n: 1, topicId: 'topic-2', branch: 0, partitions: 1, segments: 0 },
      ],
    })
    expect(await showBackup(location, 'orders', 0)).toMatchObject({
      incarnation: 0,
      topicId: 'topic-1',
      time: [1000, 1004],
      partitions: [
        { partition: 0, next: 4 },
        { partition: 1, next: 0 },
      ],
    })
    await expect(showBackup(location, 'orders', 2)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  test('a topic without a backup is an error', async () => {
    await using memory = await MemoryLocation.create()

    await expect(showBackup(memory.location, 'orders')).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
    })
  })
})
