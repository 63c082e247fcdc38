import { topicKeys } from '@kannery/core'
import { objectKey } from '@kannery/storage'
import { expect, test } from 'vitest'
import { MemoryLocation, writeBackup } from '../../test/backup-in-memory.ts'
import { listBackups, showBackup } from './browse.ts'

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

  expect(await listBackups(location)).toEqual([
    { topic: 'broken', error: expect.objectContaining({ code: 'DATA_CORRUPT' }) },
    { topic: 'gone', error: expect.objectContaining({ code: 'INDEX_MISSING' }) },
    {
      topic: 'orders',
      partitions: 3,
      records: 9,
      bytes: expect.any(Number),
      segments: 2,
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

  const listed = await listBackups(memory.location)

  expect(listed.map(({ topic }) => topic)).toEqual(names)
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

test('a topic without a backup is told', async () => {
  await using memory = await MemoryLocation.create()

  await expect(showBackup(memory.location, 'orders')).rejects.toMatchObject({
    code: 'STORAGE_NOT_FOUND',
  })
})
