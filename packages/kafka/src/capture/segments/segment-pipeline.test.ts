import type { ChunkCodec } from '@kannery/core/segment'
import type { Ulid } from '@kannery/core/ulid'
import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test, vi } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { walkBatches } from '../../record-batch/header.ts'
import { ChunkMemory } from '../memory/chunk-memory.ts'
import { ChunkBuilder, type RawChunk } from './chunk-builder.ts'
import { ChunkEncoder } from './chunk-encoder.ts'
import type { OpenSegment } from './open-segment.ts'
import { SegmentPipeline } from './segment-pipeline.ts'

const chunkBytes = 50_000

class World {
  readonly memory = new ChunkMemory()
  /** First offsets of the chunks of each committed segment. */
  readonly committed: number[][] = []
  /** Offsets of the gaps of each committed segment. */
  readonly gaps: (readonly [number, number])[][] = []
  readonly failures: unknown[] = []
  readonly pipeline: SegmentPipeline
  /** First offsets of the first chunks of the segments, as their uploads began. */
  readonly uploads: (number | undefined)[] = []
  uploading: (segment: OpenSegment) => Promise<Ulid | undefined> = async () => undefined
  committing: (chunks: readonly number[]) => Promise<void> = async () => undefined

  constructor(maxBytes: number, codec: ChunkCodec = 'none') {
    this.pipeline = new SegmentPipeline({
      limits: { maxBytes, maxAgeMs: 1000 },
      encoder: new ChunkEncoder(codec, this.memory),
      upload: async (segment) => {
        const chunks = segment.chunks.map(({ encoded }) => encoded.facts.from)
        const gaps = segment.gaps.map(({ offsets }) => offsets)
        this.uploads.push(chunks[0])
        const id = await this.uploading(segment)
        return { id, commit: () => this.#commit(chunks, gaps) }
      },
      onFailed: (error) => {
        this.failures.push(error)
      },
    })
  }

  add(at: number, value = 'x'.repeat(chunkBytes)): void {
    this.pipeline.add(this.#chunk(at, value))
  }

  addGap(from: number, next: number, partition = 0): void {
    const gap = { partition, offsets: [from, next], reason: 'retention', noticed: 'now' } as const
    this.pipeline.addGap(gap, 0)
  }

  async #commit(chunks: number[], gaps: (readonly [number, number])[]): Promise<void> {
    await this.committing(chunks)
    this.committed.push(chunks)
    this.gaps.push(gaps)
  }

  #chunk(at: number, value: string): RawChunk {
    const { memory } = this
    const builder = new ChunkBuilder({
      memory,
      clock: new TestClock(),
      partition: 0,
      from: at,
      checksEachBatch: false,
    })
    const batch = brokerBatch({ at, value })
    for (const header of walkBatches(batch)) builder.append(batch, header, undefined, 0)
    const chunk = builder.finish()
    if (chunk === undefined) throw new Error('no chunk')
    return chunk
  }
}

describe('chunks in the pipeline', () => {
  test('become segments of the requested size, and sealing closes the last one', async () => {
    const world = new World(2 * chunkBytes)
    for (const at of [0, 1, 2, 3, 4]) world.add(at)
    world.pipeline.seal()
    await world.pipeline.settled()

    expect(world.committed).toEqual([[0, 1], [2, 3], [4]])
    expect(world.memory.used).toBe(0)
  })

  test('stay in order, although a small one is compressed sooner', async () => {
    const world = new World(100 * chunkBytes, 'zstd')
    world.add(0, 'abcdefg '.repeat(100_000))
    world.add(1, 'small')
    world.add(2, 'abcdefg '.repeat(50_000))
    world.add(3, 'small')
    world.pipeline.seal()
    await world.pipeline.settled()

    expect(world.committed).toEqual([[0, 1, 2, 3]])
    expect(world.memory.used).toBe(0)
  })

  test('count as open until they are sealed, and as sealed until they are uploaded', async () => {
    const world = new World(100 * chunkBytes)
    const { promise, resolve } = Promise.withResolvers<undefined>()
    world.uploading = () => promise
    world.add(0)
    expect(world.pipeline.openBytes).toBeGreaterThan(chunkBytes)
    expect(world.pipeline.sealedBytes).toBe(0)

    world.pipeline.seal()
    world.add(1)
    expect(world.pipeline.sealedBytes).toBeGreaterThan(chunkBytes)
    const open = world.pipeline.openBytes
    expect(open).toBeGreaterThan(chunkBytes)
    expect(open).toBeLessThan(2 * chunkBytes)

    resolve(undefined)
    world.pipeline.seal()
    await world.pipeline.settled()
    expect([world.pipeline.openBytes, world.pipeline.sealedBytes]).toEqual([0, 0])
  })

  test('are committed one segment after the other, in order', async () => {
    const world = new World(1)
    let running = 0
    world.uploading = async ({ chunks: [chunk] }) => {
      // The first takes longest.
      const [turns, id] = chunk?.encoded.facts.from === 0 ? [20, '0'] : [1, '1']
      for (let turn = 0; turn < turns; turn++) await new Promise((done) => setImmediate(done))
      return id as Ulid
    }
    world.committing = async () => {
      running += 1
      expect(running).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }
    for (const at of [0, 1, 2, 3]) world.add(at)
    await world.pipeline.settled()
    expect(world.committed).toEqual([[0], [1], [2], [3]])
  })

  test('are uploaded while segments before are uploaded and committed: three at a time', async () => {
    const world = new World(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    world.committing = () => promise
    for (const at of [0, 1, 2, 3, 4]) world.add(at)

    await vi.waitFor(() => expect(world.uploads).toHaveLength(3))
    for (let turn = 0; turn < 50; turn++) await new Promise((settle) => setImmediate(settle))
    expect([world.uploads, world.committed]).toEqual([[0, 1, 2], []])
    expect(world.pipeline.sealedBytes).toBeLessThan(3 * chunkBytes)

    resolve()
    await world.pipeline.settled()
    expect(world.uploads).toEqual([0, 1, 2, 3, 4])
    expect(world.committed).toEqual([[0], [1], [2], [3], [4]])
  })

  test('are uploaded again if a segment before got a later id, and kept until then', async () => {
    const world = new World(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    let tries = 0
    let last = 1
    world.uploading = async ({ chunks: [chunk] }) => {
      tries += 1
      // An upload is repeated under an id that is made then.
      if (chunk?.encoded.facts.from === 0) await promise
      last += 1
      return String(last) as Ulid
    }
    for (const at of [0, 1, 2]) world.add(at)
    await vi.waitFor(() => expect(tries).toBe(3))
    expect(world.memory.used).toBeGreaterThan(3 * chunkBytes)

    resolve()
    await world.pipeline.settled()
    expect(world.uploads).toEqual([0, 1, 2, 1, 2])
    expect(world.committed).toEqual([[0], [1], [2]])
    expect(world.memory.used).toBe(0)
  })

  test('are not uploaded again when the topic was abandoned meanwhile', async () => {
    const world = new World(1)
    const { promise, resolve } = Promise.withResolvers<Ulid>()
    world.uploading = ({ chunks: [chunk] }) =>
      chunk?.encoded.facts.from === 0 ? promise : Promise.resolve('1' as Ulid)
    for (const at of [0, 1]) world.add(at)
    await vi.waitFor(() => expect(world.uploads).toHaveLength(2))

    world.pipeline.abandon(new Error('lease lost'))
    resolve('2' as Ulid)
    await expect(world.pipeline.settled()).rejects.toThrow('lease lost')
    expect([world.uploads, world.committed]).toEqual([[0, 1], []])
    expect(world.memory.used).toBe(0)
  })

  test('are committed although a segment after them cannot be uploaded', async () => {
    const world = new World(1)
    const { promise, resolve } = Promise.withResolvers<undefined>()
    world.uploading = ({ chunks: [chunk] }) =>
      chunk?.encoded.facts.from === 0 ? promise : Promise.reject(new Error('full'))
    for (const at of [0, 1, 2]) world.add(at)
    await vi.waitFor(() => expect(world.uploads).toHaveLength(3))
    expect(world.failures).toEqual([])

    resolve(undefined)
    await expect(world.pipeline.settled()).rejects.toThrow('full')
    expect(world.committed).toEqual([[0]])
    expect(world.memory.used).toBe(0)
  })

  test('are all dropped after a segment that cannot be committed', async () => {
    const world = new World(1)
    const error = new Error('lease lost')
    world.committing = ([from]) => (from === 1 ? Promise.reject(error) : Promise.resolve())
    for (const at of [0, 1, 2, 3]) world.add(at)
    world.pipeline.seal()

    await expect(world.pipeline.settled()).rejects.toBe(error)
    expect(world.committed).toEqual([[0]])
    expect(world.failures).toEqual([error])
    expect([world.memory.used, world.pipeline.sealedBytes]).toEqual([0, 0])
  })

  test('are all dropped after a segment that cannot be uploaded', async () => {
    const world = new World(1)
    const error = new Error('full')
    world.uploading = (segment) =>
      segment.chunks[0]?.encoded.facts.from === 1
        ? Promise.reject(error)
        : Promise.resolve(undefined)
    for (const at of [0, 1, 2, 3]) world.add(at)
    world.pipeline.seal()

    await expect(world.pipeline.settled()).rejects.toBe(error)
    expect(world.committed).toEqual([[0]])
    expect(world.failures).toEqual([error])
    world.add(4)
    await expect(world.pipeline.settled()).rejects.toBe(error)
    expect([world.memory.used, world.pipeline.openBytes, world.pipeline.sealedBytes]).toEqual([
      0, 0, 0,
    ])
  })

  test('are dropped when the topic is abandoned', async () => {
    const world = new World(100 * chunkBytes)
    world.add(0)
    world.pipeline.abandon(new Error('lease lost'))
    world.add(1)
    world.pipeline.seal()

    await expect(world.pipeline.settled()).rejects.toThrow('lease lost')
    expect(world.committed).toEqual([])
    expect(world.failures).toEqual([])
    expect(world.memory.used).toBe(0)
  })
})

describe('a gap in the pipeline', () => {
  test('belongs to the segment before it, and begins another segment in its partition', async () => {
    const world = new World(100 * chunkBytes)
    world.add(0)
    world.addGap(1, 5)
    world.addGap(0, 9, 1)
    world.add(5)
    world.add(6)
    world.pipeline.seal()
    await world.pipeline.settled()

    expect(world.committed).toEqual([[0], [5, 6]])
    expect(world.gaps).toEqual([
      [
        [1, 5],
        [0, 9],
      ],
      [],
    ])
  })

  test('needs no chunks, and ages like a segment', async () => {
    const world = new World(100 * chunkBytes)
    expect(world.pipeline.startedAt).toBe(Number.POSITIVE_INFINITY)
    world.addGap(0, 5)
    await world.pipeline.settled()
    expect(world.pipeline.startedAt).toBe(0)
    world.pipeline.seal()
    await world.pipeline.settled()

    expect(world.committed).toEqual([[]])
    expect(world.gaps).toEqual([[[0, 5]]])
  })
})
