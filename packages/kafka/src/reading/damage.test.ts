import { encodeIndex, parseIndex, type SegmentEntry } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { KanneryError, type ObjectKey } from '@kannery/storage'
import { FaultyStorage } from '@kannery/storage-testkit'
import { beforeEach, describe, expect, test } from 'vitest'
import { brokerBatch } from '../../test/batches.ts'
import { numberedRecords, ReadingWorld, seenOffsets, topic } from '../../test/reading-world.ts'
import { storedBatch } from '../../test/stored-batch.ts'

let world: ReadingWorld

beforeEach(() => {
  world = new ReadingWorld()
})

describe('damage', () => {
  const batches = (partition: number, from: number) => ({
    partition,
    batches: [storedBatch(numberedRecords([from, from + 1, from + 2]))],
  })

  /** Changes one byte of the segment; from its end when negative. */
  async function flip(segment: SegmentEntry | undefined, at: number): Promise<ObjectKey> {
    if (segment === undefined) throw new Error('no segment')
    const key = topicKeys(topic).segment(segment.id)
    const bytes = Buffer.from(world.storage.contents().get(key) ?? [])
    const position = at < 0 ? bytes.length + at : at
    bytes.writeUInt8(bytes.readUInt8(position) ^ 0x40, position)
    await world.storage.put(key, bytes, { condition: { kind: 'overwrite' } })
    return key
  }

  /** Where the value of a record stands in the segment. */
  function positionOf(segment: SegmentEntry | undefined, value: string): number {
    const key = topicKeys(topic).segment((segment as SegmentEntry).id)
    return Buffer.from(world.storage.contents().get(key) ?? []).indexOf(value)
  }

  test('in a chunk is refused, naming object and bytes', async () => {
    const { segments } = await world.write({
      partitions: 1,
      segments: [{ chunks: [batches(0, 0)] }],
    })
    const position = positionOf(segments[0], 'value 1')
    const key = await flip(segments[0], position)

    const error = await world.read().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'DATA_CORRUPT', facts: { key } })
    const { from, to } = (error as { facts: { from: number; to: number } }).facts
    expect(from <= position && position < to).toBe(true)
  })

  test('in a chunk is reported and left out, and the rest is read', async () => {
    const { segments } = await world.write({
      partitions: 2,
      segments: [
        { chunks: [batches(0, 0), batches(1, 0), batches(0, 3)] },
        { chunks: [batches(0, 6)] },
      ],
    })
    const key = await flip(segments[0], positionOf(segments[0], 'value 1'))

    const { seen, damage } = await world.readWithDamage()
    expect(seen).toEqual([...seenOffsets(1, 0, 3), ...seenOffsets(0, 3, 9)])
    expect(damage).toMatchObject([{ key }])
  })

  test('in the footer hides no whole chunk, nor what transactions did', async () => {
    const { segments } = await world.write({
      partitions: 2,
      segments: [
        {
          aborted: [{ partition: 0, producerId: '7', first: 1, marker: 3 }],
          chunks: [
            {
              partition: 0,
              batches: [
                brokerBatch({ at: 0 }),
                brokerBatch({ at: 1, producer: 7n }),
                brokerBatch({ at: 2, producer: 8n }),
                brokerBatch({ at: 3, producer: 7n, marker: 'abort' }),
                brokerBatch({ at: 4, producer: 7n }),
                brokerBatch({ at: 5, producer: 8n, marker: 'commit' }),
              ],
            },
            { partition: 1, batches: [brokerBatch({ at: 0 })] },
            {
              partition: 0,
              batches: [
                brokerBatch({ at: 6, producer: 7n, marker: 'commit' }),
                brokerBatch({ at: 7, producer: 8n }),
              ],
            },
          ],
        },
      ],
    })
    const key = await flip(segments[0], -30)

    await expect(world.read()).rejects.toMatchObject({ code: 'DATA_CORRUPT', facts: { key } })
    const { seen, damage } = await world.readWithDamage()
    expect(seen).toEqual(['0:0', '0:2', '0:4', '1:0'])
    expect(damage.map(({ reason }) => reason)).toEqual([
      // Its marker is in no chunk of this segment.
      expect.stringContaining('producer 8 with the batch at offset 7'),
      expect.stringContaining('footer'),
    ])
  })

  test('where a marker was lost, no transaction is taken for committed', async () => {
    const { segments } = await world.write({
      partitions: 1,
      segments: [
        {
          aborted: [{ partition: 0, producerId: '7', first: 0, marker: 1 }],
          chunks: [
            { partition: 0, batches: [brokerBatch({ at: 0, producer: 7n, value: 'first' })] },
            {
              partition: 0,
              batches: [brokerBatch({ at: 1, producer: 7n, marker: 'abort', value: 'marker' })],
            },
            {
              partition: 0,
              batches: [
                brokerBatch({ at: 2, producer: 7n }),
                brokerBatch({ at: 3, producer: 7n, marker: 'commit' }),
              ],
            },
          ],
        },
      ],
    })
    await flip(segments[0], -30)
    await flip(segments[0], positionOf(segments[0], 'marker'))

    expect((await world.readWithDamage()).seen).toEqual(['0:2'])
  })

  test('a segment that is gone', async () => {
    const { segments } = await world.write({
      partitions: 1,
      segments: [{ chunks: [batches(0, 0)] }, { chunks: [batches(0, 3)] }],
    })
    const key = topicKeys(topic).segment((segments[0] as SegmentEntry).id)
    await world.storage.delete(key)

    await expect(world.read()).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      facts: { key, from: 0 },
    })
    const { seen, damage } = await world.readWithDamage()
    expect(seen).toEqual(seenOffsets(0, 3, 6))
    expect(damage).toMatchObject([{ key, from: 0, to: segments[0]?.bytes }])
  })

  test('a chunk that ends within a batch', async () => {
    const whole = storedBatch(numberedRecords([0, 1]))
    const cut = storedBatch(numberedRecords([2, 3])).subarray(0, 70)
    await world.write({
      partitions: 1,
      segments: [{ chunks: [{ partition: 0, next: 4, batches: [whole, cut] }] }],
    })
    await expect(world.read()).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      why: 'the chunk ends within a batch',
    })
    expect((await world.readWithDamage()).seen).toEqual(seenOffsets(0, 0, 2))
  })

  test('a segment under the name of another topic is not read as ours', async () => {
    const { segments } = await world.write({
      partitions: 1,
      segments: [{ chunks: [batches(0, 0)] }],
    })
    const own = topicKeys(topic).segment((segments[0] as SegmentEntry).id)
    const bytes = world.storage.contents().get(own) ?? new Uint8Array()
    const other = topicKeys('payments')
    await world.storage.put(other.segment((segments[0] as SegmentEntry).id), bytes, {
      condition: { kind: 'if-absent' },
    })
    const index = Buffer.from(world.storage.contents().get(topicKeys(topic).index) ?? [])
    await world.storage.put(
      other.index,
      encodeIndex({ ...parseIndex(index, topic), topic: 'payments' }),
      {
        condition: { kind: 'if-absent' },
      },
    )

    await expect(world.read({ topic: 'payments' })).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringContaining('of topic "orders"'),
    })
    const { seen, damage } = await world.readWithDamage({ topic: 'payments' })
    expect(seen).toEqual([])
    expect(damage).toHaveLength(1)
  })

  test('records that a producer made unreadable, under right checksums', async () => {
    const batch = storedBatch(numberedRecords([0, 1, 2]))
    batch.writeInt32BE(2, 57)
    await world.write({
      partitions: 1,
      segments: [{ chunks: [{ partition: 0, batches: [batch] }, batches(0, 3)] }],
    })
    await expect(world.read()).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringContaining('offset 0'),
    })
    const { seen, damage } = await world.readWithDamage()
    expect(seen).toEqual(seenOffsets(0, 3, 6))
    expect(damage).toHaveLength(1)
  })

  describe('that is a part of a disk which cannot be read', () => {
    const large = (from: number) => ({
      partition: 0,
      batches: [storedBatch(numberedRecords([from]).map((record) => ({ ...record, value })))],
    })
    const value = Buffer.alloc(150_000, 'x')

    /**
     * Requests for bytes of the segment around `at`, or for its index once the storage is away,
     * fail as on a bad sector.
     */
    function unreadable(segment: SegmentEntry | undefined, at: number): { isAway: boolean } {
      if (segment === undefined) throw new Error('no segment')
      const disk = { isAway: false }
      const key = topicKeys(topic).segment(segment.id)
      const fail = (path: ObjectKey): never => {
        throw new KanneryError('STORAGE_UNAVAILABLE', `input/output error: ${path}`)
      }
      const get = world.storage.get.bind(world.storage)
      world.storage.get = async (path, options) => {
        const range = options?.range
        const covers = range?.kind === 'span' && range.start <= at && at < range.end
        return path === key && covers ? fail(path) : await get(path, options)
      }
      const head = world.storage.head.bind(world.storage)
      world.storage.head = async (path, options) =>
        disk.isAway ? fail(path) : await head(path, options)
      return disk
    }

    const sketch = {
      partitions: 1,
      segments: [{ chunks: [large(0), large(1), large(2)] }, { chunks: [batches(0, 3)] }],
    }

    test('costs its own chunk, and everything else is read', async () => {
      const { segments } = await world.write(sketch)
      unreadable(segments[0], 160_000)

      const { seen, damage } = await world.readWithDamage()
      expect(seen).toEqual(['0:0', '0:2', ...seenOffsets(0, 3, 6)])
      expect(damage).toEqual([
        expect.objectContaining({ reason: expect.stringContaining('input/output error') }),
      ])
      expect(damage[0]?.to).toBeLessThan(310_000)
    })

    test('is an error where nothing may be left out', async () => {
      const { segments } = await world.write(sketch)
      unreadable(segments[0], 160_000)

      await expect(world.read()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    })

    test('is an error where the storage does not answer for the index any more', async () => {
      const { segments } = await world.write(sketch)
      unreadable(segments[0], 160_000).isAway = true

      await expect(world.readWithDamage()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    })
  })

  test('a segment that may not be read is left out where damage may be, and the others are read', async () => {
    const { segments } = await world.write({
      partitions: 1,
      segments: [{ chunks: [batches(0, 0)] }, { chunks: [batches(0, 3)] }],
    })
    const key = topicKeys(topic).segment((segments[0] as SegmentEntry).id)
    const storage = new FaultyStorage(world.storage, { clock: world.clock })
    storage.faults.onCall((call) => (call.key === key ? { kind: 'deny' } : undefined))

    const { seen, damage } = await world.readWithDamage({ storage })
    expect(seen).toEqual(seenOffsets(0, 3, 6))
    expect(damage).toEqual([
      { key, from: 0, to: segments[0]?.bytes, reason: expect.stringContaining('cannot be read') },
    ])
  })
})
