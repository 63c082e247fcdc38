import { crc32c, formatDigest } from '@kannery/core/digest'
import {
  encodeIndex,
  encodePage,
  type Index,
  type SegmentEntry,
  summarizeHoldings,
} from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import type { StorageBackend } from '@kannery/storage'
import type { MemoryStorage } from '@kannery/storage-testkit'
import { beforeEach, describe, expect, test } from 'vitest'
import { numberedRecords, ReadingWorld, seenOffsets, topic } from '../../test/reading-world.ts'
import { storedBatch } from '../../test/stored-batch.ts'

let world: ReadingWorld

beforeEach(() => {
  world = new ReadingWorld()
})

const batches = (partition: number, from: number) => ({
  partition,
  batches: [storedBatch(numberedRecords([from, from + 1, from + 2]))],
})

/**
 * The storage, in which the retention deletes `expired` right before the first of them is read.
 */
function deletedMeanwhile(index: Index, expired: readonly SegmentEntry[]): StorageBackend {
  const keys = topicKeys(topic)
  const gone = new Set(expired.map(({ id }) => id))
  const segments = index.segments.map((entry) =>
    gone.has(entry.id) ? { ...entry, state: 'deleted' as const } : entry,
  )
  const edited = index.commit
  const pruned = encodeIndex({ ...index, segments, edited })
  return new Proxy(world.storage, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (name !== 'get') return typeof value === 'function' ? value.bind(target) : value
      return async (...call: Parameters<MemoryStorage['get']>) => {
        if (expired.some(({ id }) => call[0] === keys.segment(id))) {
          await target.put(keys.index, pruned, { condition: { kind: 'overwrite' } })
          for (const { id } of expired) await target.delete(keys.segment(id))
        }
        return target.get(...call)
      }
    },
  })
}

describe('deletion while a backup is read', () => {
  test('a reader whose segments are deleted before it comes to them ends with an error that names them all', async () => {
    const index = await world.write({
      partitions: 1,
      segments: [0, 3, 6].map((at) => ({ chunks: [batches(0, at)] })),
    })
    const expired = index.segments.slice(0, 2)
    const keys = expired.map(({ id }) => topicKeys(topic).segment(id))
    const storage = deletedMeanwhile(index, expired)

    await expect(world.read({ storage })).rejects.toMatchObject({
      code: 'RESTORE_INCOMPLETE',
      why: expect.stringContaining(keys.join(', ')),
      facts: { topic, deleted: keys.join(' '), count: 2 },
    })
  })

  test('a reader whose page is replaced and deleted before it comes to it does not call the backup damaged', async () => {
    const index = await world.write({ partitions: 1, segments: [{ chunks: [batches(0, 0)] }] })
    const keys = topicKeys(topic)
    const { pages, segments, epoch, writer, requires } = index
    const facts = summarizeHoldings(index)
    if (facts === undefined) throw new Error('there is no segment')
    const id = index.commit
    const bytes = encodePage({
      format: 1,
      requires,
      topic,
      page: id,
      level: 1,
      in: 0,
      epoch,
      writer,
      next: { 0: 3 },
      segments,
      pages,
      extra: {},
    })
    const digest = formatDigest(crc32c(bytes))
    const page = { ...facts, id, in: 0, level: 1, bytes: bytes.length, digest }
    const named = encodeIndex({ ...index, pages: [page], segments: [] })
    await world.storage.put(keys.index, named, { condition: { kind: 'overwrite' } })
    const edited = encodeIndex({ ...index, edited: index.commit })
    const storage = new Proxy(world.storage, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (name !== 'get') return typeof value === 'function' ? value.bind(target) : value
        return async (...call: Parameters<MemoryStorage['get']>) => {
          if (call[0] === keys.page(id)) {
            await target.put(keys.index, edited, { condition: { kind: 'overwrite' } })
          }
          return target.get(...call)
        }
      },
    })
    await expect(world.read({ storage })).rejects.toMatchObject({
      code: 'RESTORE_INCOMPLETE',
      facts: { deleted: keys.page(id) },
    })
    await world.storage.put(keys.index, named, { condition: { kind: 'overwrite' } })
    await expect(world.read()).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })

  test('where damage may be left out, what is deleted while it is read is reported and left out', async () => {
    const index = await world.write({
      partitions: 1,
      segments: [{ chunks: [batches(0, 0)] }, { chunks: [batches(0, 3)] }],
    })
    const [expired] = index.segments as [SegmentEntry]
    const { seen, damage } = await world.readWithDamage({
      storage: deletedMeanwhile(index, [expired]),
    })
    expect(seen).toEqual(seenOffsets(0, 3, 6))
    expect(damage).toMatchObject([
      { key: topicKeys(topic).segment(expired.id), reason: expect.stringContaining('deleted') },
    ])
  })
})
