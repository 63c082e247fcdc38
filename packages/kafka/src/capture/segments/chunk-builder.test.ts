import { crc32c } from '@kannery/core/digest'
import { TestClock } from '@kannery/storage-testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BatchSketch, brokerBatch } from '../../../test/batches.ts'
import { walkBatches } from '../../record-batch/header.ts'
import { ChunkMemory } from '../memory/chunk-memory.ts'
import type { AbortedPart } from './aborted-batches.ts'
import { ChunkBuilder, type RawChunk } from './chunk-builder.ts'

const mebibyte = 1024 * 1024

function builderFrom(
  from: number,
  options: Partial<ConstructorParameters<typeof ChunkBuilder>[0]>,
): ChunkBuilder {
  const defaults = { memory: new ChunkMemory(), clock: new TestClock(), partition: 0 }
  return new ChunkBuilder({ ...defaults, from, checksEachBatch: false, ...options })
}

/** Fills chunks as a topic's writer does. */
function build(
  batches: readonly Buffer[],
  { from = 0, aborted }: { readonly from?: number; readonly aborted?: AbortedPart } = {},
): { readonly chunks: readonly RawChunk[]; readonly memory: ChunkMemory } {
  const memory = new ChunkMemory()
  const builder = builderFrom(from, { memory, clock: new TestClock(1000), partition: 3 })
  const chunks: (RawChunk | undefined)[] = []
  const buffer = Buffer.concat(batches)
  for (const header of walkBatches(buffer)) {
    if (!builder.fits(header.length)) chunks.push(builder.finish())
    builder.append(buffer, header, aborted, 1000)
  }
  chunks.push(builder.finish())
  return { chunks: chunks.filter((chunk) => chunk !== undefined), memory }
}

function only(sketches: readonly BatchSketch[], from = 0): RawChunk {
  const { chunks } = build(sketches.map(brokerBatch), { from })
  expect(chunks).toHaveLength(1)
  return chunks[0] as RawChunk
}

describe('a chunk', () => {
  test('holds its batches byte for byte, under a checksum that is derived from theirs', () => {
    const anySketches = fc.array(
      fc.record({ records: fc.integer({ min: 1, max: 9 }), value: fc.string({ maxLength: 3000 }) }),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(anySketches, (sketches) => {
        const batches = sketches.map((sketch, index) => brokerBatch({ at: 9 * index, ...sketch }))
        const { chunks } = build(batches)

        expect(Buffer.concat(chunks.map(({ raw }) => raw))).toEqual(Buffer.concat(batches))
        for (const { raw, rawCrc } of chunks) expect(rawCrc).toBe(crc32c(raw))
      }),
    )
  })

  test('ends before the batch that would make it longer than 1 MiB', () => {
    const batches = [0, 1, 2, 3].map((at) => brokerBatch({ at, value: 'x'.repeat(400_000) }))
    const { chunks } = build(batches)

    expect(chunks.map(({ facts }) => [facts.from, facts.next])).toEqual([
      [0, 2],
      [2, 4],
    ])
  })

  test('is longer only when one batch is', () => {
    const big = brokerBatch({ at: 1, value: 'x'.repeat(2 * mebibyte) })
    const { chunks } = build([brokerBatch({ at: 0 }), big, brokerBatch({ at: 2 })])

    expect(chunks.map(({ facts }) => facts.batches)).toEqual([1, 1, 1])
    expect(chunks[1]?.facts.maxBatchBytes).toBe(big.length)
  })

  test('covers offsets from the requested one on, although a batch begins before it', () => {
    expect(only([{ at: 10, records: 5 }], 12).facts).toMatchObject({ from: 12, next: 15 })
  })

  test('covers offsets to the end of its last batch, although compaction removed the last records', () => {
    const { facts } = only([{ at: 0, records: 2, removedBehind: 7, leaderEpoch: 4 }])
    expect(facts).toMatchObject({ next: 9, records: 2, leaderEpoch: 4, flags: { holes: true } })
  })

  test('continues where the one before it ended', () => {
    const value = 'x'.repeat(700_000)
    const { chunks } = build([brokerBatch({ at: 0, value }), brokerBatch({ at: 5, value })])
    expect(chunks[1]?.facts).toMatchObject({ from: 1, next: 6, flags: { holes: true } })
  })

  test('of ordinary batches has no flags', () => {
    const { facts } = only([{ at: 0, records: 3 }, { at: 3 }])
    expect(facts.flags).toEqual({ transactional: false, holes: false, logAppendTime: false })
  })

  test('has the least and greatest time of its records, without markers', () => {
    const { facts, visibleRecords } = only([
      { at: 0, time: 500 },
      { at: 1, time: 300, producer: 7n },
      { at: 2, time: 400 },
      { at: 3, time: 9999, producer: 7n, marker: 'commit' },
    ])
    expect(facts).toMatchObject({
      minTimestamp: 300,
      maxTimestamp: 500,
      records: 4,
      controlBatches: 1,
      flags: { transactional: true },
    })
    expect(visibleRecords).toBe(3)
  })

  test('has no least time when a compressed batch hides it', () => {
    const { facts } = only([
      { at: 0, time: 500 },
      { at: 1, time: 700, codec: 'gzip' },
    ])
    expect(facts).toMatchObject({ minTimestamp: null, maxTimestamp: 700 })
  })

  test('has an estimated least time where compression hides it, and only there', () => {
    const compressed = { at: 1, time: 700, codec: 'gzip' } as const

    expect(only([{ at: 0, time: 500 }]).facts).not.toHaveProperty('estimatedMinTimestamp')
    expect(only([{ at: 0, time: 500 }, compressed]).facts.estimatedMinTimestamp).toBe(500)
    expect(only([{ at: 0, time: 900 }, compressed]).facts.estimatedMinTimestamp).toBe(700)
  })

  test('under LogAppendTime has the times of the appends', () => {
    const { facts } = only([{ at: 0, time: 500, logAppendTime: true, codec: 'gzip' }])
    expect(facts).toMatchObject({
      minTimestamp: 500,
      maxTimestamp: 500,
      flags: { logAppendTime: true },
    })
  })

  test('counts no record before its first offset as visible', () => {
    const { facts, visibleRecords } = only([{ at: 0, records: 10 }, { at: 10 }], 4)
    expect(facts).toMatchObject({ from: 4, records: 11 })
    expect(visibleRecords).toBe(7)
  })

  test('counts no record of an aborted transaction as visible', () => {
    const aborted = { producerId: 7n, first: 0, marker: undefined }
    const { chunks } = build([brokerBatch({ at: 0, records: 4, producer: 7n })], { aborted })
    expect(chunks[0]).toMatchObject({ visibleRecords: 0, aborted: [aborted] })
  })

  test('is worth compressing when the producers compressed less than half of it', () => {
    const value = 'abc '.repeat(2000)
    expect(only([{ at: 0, value, codec: 'gzip' }]).compressible).toBe(false)
    expect(
      only([
        { at: 0, value, codec: 'gzip' },
        { at: 1, value },
      ]).compressible,
    ).toBe(true)
  })
})

describe('a batch that was appended', () => {
  test('gives the chunk the checksum that its producer gave it, although it is damaged', () => {
    const builder = builderFrom(0, {})
    const whole = brokerBatch({ at: 0 })
    const damaged = Buffer.from(whole)
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1)
    const [header] = walkBatches(damaged)
    if (header === undefined) throw new Error('a batch')
    builder.append(damaged, header, undefined, 0)

    expect(builder.finish()?.rawCrc).toBe(crc32c(whole))
  })

  test('is refused if it is damaged and each is checked, and those before it are kept', () => {
    const memory = new ChunkMemory()
    const builder = builderFrom(0, { memory, checksEachBatch: true })
    const buffer = Buffer.concat([brokerBatch({ at: 0 }), brokerBatch({ at: 1 })])
    buffer.writeUInt8(buffer.readUInt8(buffer.length - 1) ^ 1, buffer.length - 1)
    const [good, bad] = [...walkBatches(buffer)]
    if (good === undefined || bad === undefined) throw new Error('two batches')

    builder.append(buffer, good, undefined, 0)
    expect(() => builder.append(buffer, bad, undefined, 0)).toThrow(
      expect.objectContaining({ code: 'KAFKA_DATA_CORRUPT' }),
    )
    const chunk = builder.finish()
    expect(chunk?.facts).toMatchObject({ batches: 1, next: 1 })
    expect(chunk?.rawCrc).toBe(crc32c(chunk?.raw ?? Buffer.alloc(0)))
  })

  test('has its memory released, also when it is dropped or moved into a larger block', () => {
    const value = 'x'.repeat(100_000)
    const { chunks, memory } = build([0, 1, 2].map((at) => brokerBatch({ at, value })))
    expect(memory.used).toBeGreaterThan(300_000)
    for (const chunk of chunks) chunk.release()
    expect(memory.used).toBe(0)

    const builder = builderFrom(0, { memory })
    for (const at of [0, 1, 2]) {
      const batch = brokerBatch({ at, value })
      const [header] = walkBatches(batch)
      if (header !== undefined) builder.append(batch, header, undefined, 0)
    }
    builder.release()
    expect(memory.used).toBe(0)
    expect(builder.finish()).toBeUndefined()
  })
})
