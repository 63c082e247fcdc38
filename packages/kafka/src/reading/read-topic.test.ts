import { type Damage, encodeIndex, parseIndex, type SegmentEntry, topicKeys } from '@kannery/core'
import type { GetOptions, ObjectKey, ObjectReader } from '@kannery/storage'
import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { type BackupSketch, type SegmentSketch, writeBackup } from '../../test/backup.ts'
import { brokerBatch } from '../../test/batches.ts'
import { type StoredRecord, storedBatch } from '../../test/stored-batch.ts'
import { compressionCodecs } from '../record-batch/compression.ts'
import { type ReadTopicOptions, readTopic } from './read-topic.ts'

const topic = 'orders'
let clock: TestClock
let storage: MemoryStorage

beforeEach(() => {
  clock = new TestClock()
  storage = MemoryStorage.open({ clock })
})

function write(sketch: Omit<BackupSketch, 'topic'>) {
  return writeBackup({ storage, clock, random: seededRandom(1) }, { topic, ...sketch })
}

/** `partition:offset` of every record that is read, in that order. */
async function read(options: Partial<ReadTopicOptions> = {}): Promise<string[]> {
  const seen: string[] = []
  for await (const batch of readTopic({ storage, topic, window: {}, ...options })) {
    for (const { offset } of batch.records()) seen.push(`${batch.partition}:${offset}`)
  }
  return seen
}

async function readWithDamage(): Promise<{ seen: string[]; damage: Damage[] }> {
  const damage: Damage[] = []
  const seen = await read({ onDamage: (one) => damage.push(one) })
  return { seen, damage }
}

function records(offsets: readonly number[], time = 1000): StoredRecord[] {
  return offsets.map((offset) => ({
    offset,
    timestamp: BigInt(time + offset),
    key: null,
    value: Buffer.from(`value ${offset}`),
    headers: [],
  }))
}

function offsets(partition: number, from: number, next: number): string[] {
  return Array.from({ length: next - from }, (_, index) => `${partition}:${from + index}`)
}

describe('of a backup is read', () => {
  test('what chunk and index cover, though batches reach beyond', async () => {
    await write({
      partitions: 1,
      segments: [
        { chunks: [{ partition: 0, from: 3, batches: [storedBatch(records([0, 1, 2, 3, 4]))] }] },
        // A fetch answers with whole batches: this one begins before the offset that was asked for.
        {
          chunks: [
            { partition: 0, from: 5, next: 8, batches: [storedBatch(records([4, 5, 6, 7, 8]))] },
          ],
        },
      ],
    })
    expect(await read()).toEqual(offsets(0, 3, 8))
  })

  test('nothing of aborted transactions and their markers', async () => {
    await write({
      partitions: 1,
      segments: [
        {
          aborted: [{ partition: 0, producerId: '7', first: 0, marker: 2 }],
          chunks: [
            {
              partition: 0,
              batches: [
                brokerBatch({ at: 0, producer: 7n }),
                brokerBatch({ at: 1, producer: 8n }),
                brokerBatch({ at: 2, producer: 7n, marker: 'abort' }),
                brokerBatch({ at: 3, producer: 7n }),
                brokerBatch({ at: 4, producer: 7n, marker: 'commit' }),
                brokerBatch({ at: 5, producer: 8n, marker: 'commit' }),
              ],
            },
          ],
        },
      ],
    })
    expect(await read()).toEqual(['0:1', '0:3'])
  })

  test('the time of the append where the broker gave it', async () => {
    await write({
      partitions: 1,
      segments: [
        {
          chunks: [
            { partition: 0, batches: [storedBatch(records([0, 1]), { appendTime: 5000n })] },
          ],
        },
      ],
    })
    const times: bigint[] = []
    for await (const batch of readTopic({ storage, topic, window: { sinceMs: 5000 } })) {
      times.push(...batch.records().map(({ timestamp }) => timestamp))
    }
    expect(times).toEqual([5000n, 5000n])
  })

  test('a batch as a whole when a window takes all of it, and record by record when it takes some', async () => {
    const batch = storedBatch(records([0, 1, 2, 3]), { codec: 'lz4' })
    await write({ partitions: 1, segments: [{ chunks: [{ partition: 0, batches: [batch] }] }] })
    const shares = async (sinceMs: number, untilMs: number): Promise<unknown[]> => {
      const seen: unknown[] = []
      for await (const one of readTopic({ storage, topic, window: { sinceMs, untilMs } })) {
        seen.push([one.visible, one.records().map(({ offset }) => offset)])
      }
      return seen
    }
    expect(await shares(1000, 1004)).toEqual([['all', [0, 1, 2, 3]]])
    expect(await shares(1001, 1003)).toEqual([['some', [1, 2]]])
    expect(await shares(1004, 2000)).toEqual([])
    expect(await shares(0, 1000)).toEqual([])
  })
})

test('any backup is read as a plain look at every record tells', async () => {
  const anyBatch = fc.record({
    partition: fc.nat(2),
    codec: fc.constantFrom(...compressionCodecs),
    gapBefore: fc.nat(2),
    holes: fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
    times: fc.array(fc.nat(30), { minLength: 6, maxLength: 6 }),
    appendTime: fc.option(fc.nat(30)),
    aborted: fc.boolean(),
  })
  const anySegments = fc.array(fc.array(anyBatch, { minLength: 1, maxLength: 5 }), { maxLength: 4 })
  const anyWindow = fc.record({ sinceMs: fc.nat(30), untilMs: fc.nat(30) }, { requiredKeys: [] })
  await fc.assert(
    fc.asyncProperty(
      anySegments,
      anyWindow,
      fc.subarray([0, 1, 2], { minLength: 1 }),
      fc.constantFrom('none' as const, 'zstd' as const),
      async (segments, window, partitions, codec) => {
        storage = MemoryStorage.open({ clock })
        const next = [0, 0, 0]
        const expected: string[] = []
        const sketches = segments.map((batches): SegmentSketch => {
          const aborted: SegmentSketch['aborted'] & object[] = []
          const chunks = batches.map((sketch) => {
            const { partition, holes, appendTime } = sketch
            let offset = (next[partition] ?? 0) + sketch.gapBefore
            const stored = holes.map((hole, index): StoredRecord => {
              offset += index === 0 ? 0 : 1 + hole
              const [timestamp, value] = [BigInt(sketch.times[index] ?? 0), Buffer.from('v')]
              return { offset, timestamp, key: null, value, headers: [] }
            })
            next[partition] = offset + 1
            if (sketch.aborted) {
              const [first, marker] = [stored[0]?.offset ?? 0, offset + 1]
              aborted.push({ partition, producerId: '7', first, marker })
            }
            for (const record of stored) {
              const time = appendTime ?? Number(record.timestamp)
              const { sinceMs = 0, untilMs = 99 } = window
              const visible = time >= sinceMs && time < untilMs && !sketch.aborted
              if (visible && partitions.includes(partition)) {
                expected.push(`${partition}:${record.offset}:${time}`)
              }
            }
            const batch = storedBatch(stored, {
              codec: sketch.codec,
              producerId: 7n,
              ...(appendTime === null ? {} : { appendTime: BigInt(appendTime) }),
            })
            return { partition, batches: [batch] }
          })
          return { chunks, aborted, codec }
        })
        await write({ partitions: 3, segments: sketches })

        const seen: string[] = []
        for await (const batch of readTopic({ storage, topic, window, partitions })) {
          for (const { offset, timestamp } of batch.records()) {
            seen.push(`${batch.partition}:${offset}:${timestamp}`)
          }
        }
        expect(seen).toEqual(expected)
      },
    ),
    { numRuns: 150 },
  )
})

describe('what is asked for wrongly', () => {
  test('a topic without a backup', async () => {
    await expect(read()).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  })

  test('a partition that the topic does not have', async () => {
    await write({ partitions: 2, segments: [] })
    await expect(read({ partitions: [0, 2] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('no partition 2'),
    })
  })
})

describe('damage', () => {
  const batches = (partition: number, from: number) => ({
    partition,
    batches: [storedBatch(records([from, from + 1, from + 2]))],
  })

  /** Changes one byte of the segment; from its end when negative. */
  async function flip(segment: SegmentEntry | undefined, at: number): Promise<ObjectKey> {
    if (segment === undefined) throw new Error('no segment')
    const key = topicKeys(topic).segment(segment.id)
    const bytes = Buffer.from(storage.contents().get(key) ?? [])
    const position = at < 0 ? bytes.length + at : at
    bytes.writeUInt8(bytes.readUInt8(position) ^ 0x40, position)
    await storage.put(key, bytes, { condition: { kind: 'overwrite' } })
    return key
  }

  /** Where the value of a record stands in the segment. */
  function positionOf(segment: SegmentEntry | undefined, value: string): number {
    const key = topicKeys(topic).segment((segment as SegmentEntry).id)
    return Buffer.from(storage.contents().get(key) ?? []).indexOf(value)
  }

  test('in a chunk is refused, naming object and bytes', async () => {
    const { segments } = await write({ partitions: 1, segments: [{ chunks: [batches(0, 0)] }] })
    const position = positionOf(segments[0], 'value 1')
    const key = await flip(segments[0], position)

    const error = await read().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'DATA_CORRUPT', facts: { key } })
    const { from, to } = (error as { facts: { from: number; to: number } }).facts
    expect(from <= position && position < to).toBe(true)
  })

  test('in a chunk is told and left out, and the rest is read', async () => {
    const { segments } = await write({
      partitions: 2,
      segments: [
        { chunks: [batches(0, 0), batches(1, 0), batches(0, 3)] },
        { chunks: [batches(0, 6)] },
      ],
    })
    const key = await flip(segments[0], positionOf(segments[0], 'value 1'))

    const { seen, damage } = await readWithDamage()
    expect(seen).toEqual([...offsets(1, 0, 3), ...offsets(0, 3, 9)])
    expect(damage).toMatchObject([{ key }])
  })

  test('in the footer hides no whole chunk, nor what transactions did', async () => {
    const { segments } = await write({
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

    await expect(read()).rejects.toMatchObject({ code: 'DATA_CORRUPT', facts: { key } })
    const { seen, damage } = await readWithDamage()
    expect(seen).toEqual(['0:0', '0:2', '0:4', '1:0'])
    expect(damage.map(({ reason }) => reason)).toEqual([
      // Its marker is in no chunk of this segment.
      expect.stringContaining('producer 8 with the batch at offset 7'),
      expect.stringContaining('footer'),
    ])
  })

  test('where a marker was lost, no transaction is taken for committed', async () => {
    const { segments } = await write({
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

    expect((await readWithDamage()).seen).toEqual(['0:2'])
  })

  test('a segment that is gone', async () => {
    const { segments } = await write({
      partitions: 1,
      segments: [{ chunks: [batches(0, 0)] }, { chunks: [batches(0, 3)] }],
    })
    const key = topicKeys(topic).segment((segments[0] as SegmentEntry).id)
    await storage.delete(key)

    await expect(read()).rejects.toMatchObject({ code: 'DATA_CORRUPT', facts: { key, from: 0 } })
    const { seen, damage } = await readWithDamage()
    expect(seen).toEqual(offsets(0, 3, 6))
    expect(damage).toMatchObject([{ key, from: 0, to: segments[0]?.bytes }])
  })

  test('a segment under the name of another topic is not read as ours', async () => {
    const { segments } = await write({ partitions: 1, segments: [{ chunks: [batches(0, 0)] }] })
    const own = topicKeys(topic).segment((segments[0] as SegmentEntry).id)
    const bytes = storage.contents().get(own) ?? new Uint8Array()
    const other = topicKeys('payments')
    await storage.put(other.segment((segments[0] as SegmentEntry).id), bytes, {
      condition: { kind: 'if-absent' },
    })
    const index = Buffer.from(storage.contents().get(topicKeys(topic).index) ?? [])
    await storage.put(
      other.index,
      encodeIndex({ ...parseIndex(index, topic), topic: 'payments' }),
      {
        condition: { kind: 'if-absent' },
      },
    )

    await expect(read({ topic: 'payments' })).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringContaining('of topic "orders"'),
    })
    const damage: Damage[] = []
    expect(await read({ topic: 'payments', onDamage: (one) => damage.push(one) })).toEqual([])
    expect(damage).toHaveLength(1)
  })

  test('records that a producer made unreadable, under right checksums', async () => {
    const batch = storedBatch(records([0, 1, 2]))
    batch.writeInt32BE(2, 57)
    await write({
      partitions: 1,
      segments: [{ chunks: [{ partition: 0, batches: [batch] }, batches(0, 3)] }],
    })
    await expect(read()).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringContaining('offset 0'),
    })
    const { seen, damage } = await readWithDamage()
    expect(seen).toEqual(offsets(0, 3, 6))
    expect(damage).toHaveLength(1)
  })
})

test('one partition and time cost the bytes of their chunks, the index and the ends of segments', async () => {
  const value = Buffer.alloc(200_000, 'x')
  const chunk = (partition: number, offset: number) => ({
    partition,
    batches: [storedBatch([{ offset, timestamp: BigInt(offset), key: null, value, headers: [] }])],
  })
  await write({
    partitions: 2,
    segments: [0, 10, 20].map((base) => ({
      chunks: [0, 1, 2, 3].flatMap((step) => [chunk(0, base + step), chunk(1, base + step)]),
    })),
  })
  const counting = new CountingStorage(storage)

  expect(
    await read({
      storage: counting.storage,
      partitions: [1],
      window: { sinceMs: 12, untilMs: 13 },
    }),
  ).toEqual(['1:12'])
  // One segment has such times: its last 64 KiB, one chunk, and the index.
  expect(counting.bytes).toBeGreaterThan(200_000)
  expect(counting.bytes).toBeLessThan(200_000 + 64 * 1024 + 4096)
})

/** Counts what is read. */
class CountingStorage {
  readonly storage: MemoryStorage
  bytes = 0

  constructor(storage: MemoryStorage) {
    const count = (body: AsyncIterable<Uint8Array>) => this.#counted(body)
    this.storage = new Proxy(storage, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (name !== 'get' || typeof value !== 'function') {
          return typeof value === 'function' ? value.bind(target) : value
        }
        return async (key: ObjectKey, options?: GetOptions): Promise<ObjectReader> => {
          const reader = await target.get(key, options)
          return {
            ...reader,
            info: reader.info,
            body: count(reader.body),
            [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
          }
        }
      },
    })
  }

  async *#counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      this.bytes += piece.byteLength
      yield piece
    }
  }
}
