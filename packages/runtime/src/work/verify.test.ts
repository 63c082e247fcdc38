import { encodeIndex, parseIndex } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { isUlid } from '@kannery/core/ulid'
import { Worker } from '@kannery/core/writing'
import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { MemoryLocation, writeBackup, writeSegment } from '../../test/backup-in-memory.ts'
import { systemClock, systemRandom } from '../system.ts'
import type { VerificationDepth } from './topics/topic-verifier.ts'
import { verifyBackup } from './verify.ts'

async function verify(
  memory: MemoryLocation,
  options: { readonly topic?: string; readonly depth?: VerificationDepth } = {},
) {
  const { report } = await verifyAndEnd(memory, options)
  return report
}

async function verifyAndEnd(
  memory: MemoryLocation,
  options: { readonly topic?: string; readonly depth?: VerificationDepth } = {},
) {
  const { topic, depth = 'deep' } = options
  return await verifyBackup({
    storage: memory.location,
    topic,
    depth,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
}

async function withBackup(topic = 'orders') {
  const memory = await MemoryLocation.create()
  const entries = await writeBackup(memory.storage, {
    topic,
    segments: [{ records: 4 }, { records: 5 }],
  })
  const [first, second] = entries.map(({ id }) => topicKeys(topic).segment(id))
  if (first === undefined || second === undefined) throw new Error('no segments')
  return {
    memory,
    first,
    second,
    bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0),
    [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
  }
}

function flip(position: number) {
  return (bytes: Uint8Array) => bytes.with(position, (bytes[position] ?? 0) ^ 1)
}

describe('the verification of a backup', () => {
  test('a whole backup has no findings, and each of its bytes was read', async () => {
    await using backup = await withBackup()

    expect(await verify(backup.memory)).toEqual({
      depth: 'deep',
      topics: 1,
      segments: 2,
      bytes: backup.bytes,
      restorable: { segments: 2, records: 9, recordsExact: true },
      expiredSegments: 0,
      deletedSegments: 0,
      findings: [],
      unnamed: [],
      failed: [],
    })
  })

  test('a flipped byte in a segment is named with its range, and the other segment is still checked', async () => {
    await using backup = await withBackup()
    await backup.memory.change(backup.first, flip(500))

    const { findings, segments } = await verify(backup.memory)
    expect(segments).toBe(2)
    expect(findings).toEqual([
      {
        topic: 'orders',
        key: backup.first,
        from: expect.any(Number),
        to: expect.any(Number),
        reason: expect.any(String),
      },
    ])
    expect(findings[0]?.from).toBeLessThanOrEqual(500)
    expect(findings[0]?.to).toBeGreaterThan(500)
  })

  test('a flipped byte in the index is named', async () => {
    await using backup = await withBackup()
    await backup.memory.change(topicKeys('orders').index, flip(200))

    expect((await verify(backup.memory)).findings).toEqual([
      expect.objectContaining({ topic: 'orders', key: 'orders/index', from: expect.any(Number) }),
    ])
  })

  test.each(['deep', 'shallow'] as const)(
    '%s: what the index names and is absent is found',
    async (depth) => {
      await using backup = await withBackup()
      await backup.memory.storage.delete(backup.second)

      expect((await verify(backup.memory, { depth })).findings).toEqual([
        {
          topic: 'orders',
          key: backup.second,
          reason: 'the index names it, but it is not there',
        },
      ])
    },
  )

  test('shallow: sizes are compared, and no segment is read', async () => {
    await using backup = await withBackup()
    await backup.memory.change(backup.first, (bytes) => bytes.subarray(0, -1))

    const report = await verify(backup.memory, { depth: 'shallow' })
    expect(report.findings).toEqual([
      expect.objectContaining({ key: backup.first, reason: expect.stringContaining('bytes') }),
    ])
    expect(backup.memory.calls()).not.toContain(`get ${backup.first}`)
  })

  test('a segment that no index names is reported but is no damage, unless it is garbage already', async () => {
    await using backup = await withBackup()
    const ids = ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01BX5ZZKBKACTAV9WEVGEMMVRZ'].filter(isUlid)
    const [stranger, garbage] = ids.map((id) => topicKeys('orders').segment(id))
    if (stranger === undefined || garbage === undefined) throw new Error('no ids')
    const condition = { kind: 'if-absent' } as const
    await backup.memory.storage.put(stranger, Buffer.from('x'), { condition })
    await backup.memory.storage.put(garbage, Buffer.from('x'), { condition })
    await backup.memory.change(topicKeys('orders').index, (bytes) => {
      const since = '2026-11-23T07:00:00.000Z'
      const entries = ids.slice(1).map((id) => ({ id, kind: 'segment', since }) as const)
      return encodeIndex({ ...parseIndex(bytes, 'orders'), garbage: entries })
    })

    expect(await verify(backup.memory)).toMatchObject({ findings: [], unnamed: [stranger] })
  })

  test('what a running backup has uploaded and not yet committed is not reported', async () => {
    await using memory = await MemoryLocation.create()
    const { storage } = memory
    await using worker = await Worker.start({
      storage,
      clock: systemClock,
      random: systemRandom,
      description: 'test',
    })
    const session = await worker.acquire('orders', { cluster: 'cluster-1' })
    await session.beginIncarnation({
      topicId: 'topic-1',
      partitions: 1,
      start: {},
      config: {},
      effective: {},
    })
    await writeSegment(storage, session, { from: 0, next: 3 })

    expect(await verify(memory)).toMatchObject({ findings: [], unnamed: [] })
  })

  test('an index that is gone is found, and so is the topic after it', async () => {
    await using backup = await withBackup('a')
    await writeBackup(backup.memory.storage, { topic: 'b', segments: [{ records: 1 }] })
    await backup.memory.storage.delete(topicKeys('a').index)

    const report = await verify(backup.memory)
    expect(report).toMatchObject({ topics: 2, segments: 1 })
    expect(report.findings).toEqual([
      { topic: 'a', key: 'a/index', reason: 'the index is missing, but segments are there' },
    ])
  })

  test('one topic can be asked for, and one without a backup is an error', async () => {
    await using backup = await withBackup()

    expect((await verify(backup.memory, { topic: 'orders' })).topics).toBe(1)
    await expect(verify(backup.memory, { topic: 'others' })).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
    })
  })

  test('a storage that may not be read is an error, and not damage', async () => {
    await using backup = await withBackup()
    let isDenied = false
    backup.memory.rules.push(({ key }) => {
      isDenied ||= key === backup.first
      return isDenied ? { kind: 'deny' } : undefined
    })

    await expect(verify(backup.memory)).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
  })

  test('what was found in a topic before the reading failed is reported', async () => {
    await using backup = await withBackup()
    await backup.memory.change(backup.first, flip(500))
    let isDenied = false
    backup.memory.rules.push(({ operation, key }) => {
      isDenied ||= key === backup.second
      return isDenied && operation !== 'list' ? { kind: 'deny' } : undefined
    })

    expect(await verify(backup.memory)).toMatchObject({
      findings: [{ key: backup.first }],
      failed: [{ topic: 'orders', code: 'STORAGE_DENIED' }],
    })
  })

  test.each([
    ['may not be read', { kind: 'deny' }],
    [
      'has a link in its place',
      { kind: 'fail', error: new KanneryError('STORAGE_UNSUPPORTED', 'a symbolic link') },
    ],
  ] as const)('a segment that %s is found, and the rest is still checked', async (_what, fault) => {
    await using backup = await withBackup()
    backup.memory.rules.push(({ operation, key }) =>
      operation === 'get' && key === backup.first ? fault : undefined,
    )

    const report = await verify(backup.memory)
    expect(report.bytes).toBeLessThan(backup.bytes)
    expect(report).toMatchObject({
      segments: 2,
      findings: [
        { topic: 'orders', key: backup.first, reason: expect.stringContaining('cannot be read') },
      ],
    })
  })

  test('a topic whose folder cannot be looked into is reported as failed, and the one after it is checked', async () => {
    await using backup = await withBackup('orders')
    await writeBackup(backup.memory.storage, { topic: 'linked', segments: [{ records: 1 }] })
    const error = new KanneryError('STORAGE_UNSUPPORTED', 'a symbolic link')
    backup.memory.rules.push(({ key }) =>
      key.startsWith('linked/') ? { kind: 'fail', error } : undefined,
    )

    const outcome = await verifyAndEnd(backup.memory)
    expect(outcome.report).toMatchObject({
      topics: 2,
      segments: 2,
      failed: [{ topic: 'linked', code: 'STORAGE_UNSUPPORTED', message: 'a symbolic link' }],
    })
    expect(outcome.error).toBe(error)
  })

  test('a backup of which everything was deleted is reported as one that restores nothing', async () => {
    await using backup = await withBackup()
    await backup.memory.changeEntries('orders', (entry) => ({ ...entry, state: 'deleted' }))

    expect(await verify(backup.memory)).toMatchObject({
      segments: 0,
      bytes: 0,
      restorable: { segments: 0, records: 0 },
      deletedSegments: 2,
      findings: [],
    })
  })

  test('an expired segment that is gone by now is neither damage nor counted as checked', async () => {
    await using backup = await withBackup()
    await backup.memory.changeEntries('orders', (entry, at) =>
      at === 0 ? { ...entry, state: 'expired' } : entry,
    )
    await backup.memory.storage.delete(backup.first)

    const report = await verify(backup.memory)
    expect(report).toMatchObject({ segments: 1, expiredSegments: 1, findings: [] })
    expect(report.bytes).toBeLessThan(backup.bytes)
  })
})
