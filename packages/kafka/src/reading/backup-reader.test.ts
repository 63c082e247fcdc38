import type { GetOptions, ObjectKey, ObjectReader } from '@kannery/storage'
import type { MemoryStorage } from '@kannery/storage-testkit'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { SegmentSketch } from '../../test/backup.ts'
import { brokerBatch } from '../../test/batches.ts'
import { numberedRecords, ReadingWorld, seenOffsets } from '../../test/reading-world.ts'
import { type StoredRecord, storedBatch } from '../../test/stored-batch.ts'
import { compressionCodecs } from '../record-batch/compression.ts'

let world: ReadingWorld

beforeEach(() => {
  world = new ReadingWorld()
})

describe('of a backup is read', () => {
  test('what chunk and index cover, though batches reach beyond', async () => {
    await world.write({
      partitions: 1,
      segments: [
        {
          chunks: [
            { partition: 0, from: 3, batches: [storedBatch(numberedRecords([0, 1, 2, 3, 4]))] },
          ],
        },
        // A fetch answers with whole batches: this one begins before the offset that was asked for.
        {
          chunks: [
            {
              partition: 0,
              from: 5,
              next: 8,
              batches: [storedBatch(numberedRecords([4, 5, 6, 7, 8]))],
            },
          ],
        },
      ],
    })
    expect(await world.read()).toEqual(seenOffsets(0, 3, 8))
  })

  test('each offset once where chunks of one segment overlap', async () => {
    const batch = storedBatch(numberedRecords([0, 1, 2, 3, 4, 5]))
    await world.write({
      partitions: 1,
      segments: [
        {
          chunks: [
            { partition: 0, next: 3, batches: [batch] },
            { partition: 0, from: 3, batches: [batch] },
          ],
        },
      ],
    })
    expect(await world.read()).toEqual(seenOffsets(0, 0, 6))
  })

  test('nothing of aborted transactions and their markers', async () => {
    await world.write({
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
    expect(await world.read()).toEqual(['0:1', '0:3'])
  })

  test('the time of the append where the broker gave it', async () => {
    await world.write({
      partitions: 1,
      segments: [
        {
          chunks: [
            {
              partition: 0,
              batches: [storedBatch(numberedRecords([0, 1]), { appendTime: 5000n })],
            },
          ],
        },
      ],
    })
    const times: bigint[] = []
    for await (const batch of world.batches({ window: { sinceMs: 5000 } })) {
      times.push(...batch.records().map(({ timestamp }) => timestamp))
    }
    expect(times).toEqual([5000n, 5000n])
  })

  test('a batch as a whole when a window takes all of it, and record by record when it takes some', async () => {
    const batch = storedBatch(numberedRecords([0, 1, 2, 3]), { codec: 'lz4' })
    await world.write({
      partitions: 1,
      segments: [{ chunks: [{ partition: 0, batches: [batch] }] }],
    })
    const shares = async (sinceMs: number, untilMs: number): Promise<unknown[]> => {
      const seen: unknown[] = []
      for await (const one of world.batches({ window: { sinceMs, untilMs } })) {
        seen.push([one.asStored, one.records().map(({ offset }) => offset)])
      }
      return seen
    }
    expect(await shares(1000, 1004)).toEqual([[true, [0, 1, 2, 3]]])
    expect(await shares(1001, 1003)).toEqual([[false, [1, 2]]])
    expect(await shares(1004, 2000)).toEqual([])
    expect(await shares(0, 1000)).toEqual([])
  })
})

describe('a reader of a backup', () => {
  test('any backup is read as a plain look at every record finds', async () => {
    const anyBatch = fc.record({
      partition: fc.nat(2),
      codec: fc.constantFrom(...compressionCodecs),
      gapBefore: fc.nat(2),
      holes: fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
      times: fc.array(fc.nat(30), { minLength: 6, maxLength: 6 }),
      appendTime: fc.option(fc.nat(30)),
      aborted: fc.boolean(),
    })
    const anySegments = fc.array(fc.array(anyBatch, { minLength: 1, maxLength: 5 }), {
      maxLength: 4,
    })
    const anyWindow = fc.record({ sinceMs: fc.nat(30), untilMs: fc.nat(30) }, { requiredKeys: [] })
    await fc.assert(
      fc.asyncProperty(
        anySegments,
        anyWindow,
        fc.subarray([0, 1, 2], { minLength: 1 }),
        fc.constantFrom('none' as const, 'zstd' as const),
        async (segments, window, partitions, codec) => {
          world = new ReadingWorld()
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
          await world.write({ partitions: 3, segments: sketches })

          const seen: string[] = []
          for await (const batch of world.batches({ window, partitions })) {
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

  test('one partition and time cost the bytes of their chunks, the index and the ends of segments', async () => {
    const value = Buffer.alloc(200_000, 'x')
    const chunk = (partition: number, offset: number) => ({
      partition,
      batches: [
        storedBatch([{ offset, timestamp: BigInt(offset), key: null, value, headers: [] }]),
      ],
    })
    await world.write({
      partitions: 2,
      segments: [0, 10, 20].map((base) => ({
        chunks: [0, 1, 2, 3].flatMap((step) => [chunk(0, base + step), chunk(1, base + step)]),
      })),
    })
    const counting = new CountingStorage(world.storage)

    expect(
      await world.read({
        storage: counting.storage,
        partitions: [1],
        window: { sinceMs: 12, untilMs: 13 },
      }),
    ).toEqual(['1:12'])
    // One segment has such times: its last 64 KiB, one chunk, and the index.
    expect(counting.bytes).toBeGreaterThan(200_000)
    expect(counting.bytes).toBeLessThan(200_000 + 64 * 1024 + 4096)
  })
})

describe('what is asked for wrongly', () => {
  test('a topic without a backup', async () => {
    await expect(world.read()).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  })

  test('a partition that the topic does not have', async () => {
    await world.write({ partitions: 2, segments: [] })
    await expect(world.read({ partitions: [0, 2] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('no partition 2'),
    })
  })
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
