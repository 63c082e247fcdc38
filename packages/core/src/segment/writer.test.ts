import type { ObjectWriter } from '@kannery/storage'
import { describe, expect, test, vi } from 'vitest'
import { encode, facts, sampleHeader, writeSegment } from '../../test/segments.ts'
import { crc32c } from '../digest/crc32c.ts'
import { type ChunkFacts, encodeChunk } from './format/encode-chunk.ts'
import { SegmentWriter } from './writer.ts'

const raw = (text = 'a batch'): Uint8Array => new Uint8Array(Buffer.from(text))

function collecting(): ObjectWriter & { readonly written: Uint8Array[] } {
  const written: Uint8Array[] = []
  return {
    written,
    async write(chunk) {
      written.push(chunk)
    },
    commit: () => Promise.reject(new Error('only the caller commits')),
    async [Symbol.asyncDispose]() {},
  }
}

describe('a chunk', () => {
  test('that zstd does not shrink is stored as it is', async () => {
    const bytes = raw()
    const chunk = await encode({ facts: facts(), raw: bytes, codec: 'zstd' })
    expect(chunk.codec).toBe('none')
    expect(chunk.stored).toBe(bytes)
  })

  test('that zstd shrinks is stored shrunk', async () => {
    const chunk = await encode({ facts: facts(), raw: Buffer.alloc(10_000, 1), codec: 'zstd' })
    expect(chunk.codec).toBe('zstd')
    expect(chunk.stored.length).toBeLessThan(100)
    expect(chunk.rawLength).toBe(10_000)
  })

  test('whose bytes changed before compression is refused', async () => {
    const bytes = Buffer.alloc(10_000, 1)
    const rawCrc = crc32c(bytes)
    bytes[5000] = 2
    const encoding = encodeChunk(facts(), bytes, { codec: 'zstd', rawCrc })
    await expect(encoding).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('whose bytes change before they are written is refused', async () => {
    const bytes = raw()
    const chunk = await encode({ facts: facts(), raw: bytes })
    bytes[3] = 0
    const writer = new SegmentWriter(collecting(), sampleHeader)
    await expect(writer.append(chunk)).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(writer.finish({ aborted: [] })).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('is handed on without a copy', async () => {
    const bytes = raw()
    const output = collecting()
    const writer = new SegmentWriter(output, sampleHeader)
    await writer.append(await encode({ facts: facts(), raw: bytes }))
    expect(output.written.includes(bytes)).toBe(true)
  })

  test.each<[string, Partial<ChunkFacts>]>([
    ['offsets that go back', { from: 5, next: 4 }],
    ['an offset beyond 2^53', { from: 0, next: 2 ** 53 }],
    ['a negative offset', { from: -1, next: 4 }],
    ['a partition of −2', { partition: -2 }],
    ['half a record', { records: 0.5 }],
    ['a time beyond 2^53', { maxTimestamp: 2 ** 60 }],
    ['half a control batch', { controlBatches: 0.5 }],
  ])('with %s is refused', async (_name, changes) => {
    const impossible = { ...facts(), ...changes }
    await expect(encode({ facts: impossible, raw: raw() })).rejects.toMatchObject({
      code: 'INTERNAL',
    })
  })
})

describe('a writer', () => {
  test('refuses a chunk across the one before it in its partition', async () => {
    const writer = new SegmentWriter(collecting(), sampleHeader)
    await writer.append(await encode({ facts: facts({ from: 5, next: 10 }), raw: raw() }))
    await writer.append(await encode({ facts: facts({ partition: 1 }), raw: raw() }))
    const across = await encode({ facts: facts({ from: 9, next: 11 }), raw: raw() })
    await expect(writer.append(across)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('refuses a call while another is under way, or after the end', async () => {
    const chunk = await encode({ facts: facts(), raw: raw() })
    const writer = new SegmentWriter(collecting(), sampleHeader)
    const first = writer.append(chunk)
    await expect(writer.finish({ aborted: [] })).rejects.toMatchObject({ code: 'INTERNAL' })
    await first
    await writer.finish({ aborted: [] })
    await expect(writer.append(chunk)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('is full before its footer becomes too large', async () => {
    const writer = new SegmentWriter(collecting(), sampleHeader)
    const chunk = await encode({ facts: facts({ partition: -1 }), raw: raw('') })
    while (!writer.isFull) await writer.append(chunk)
    await expect(writer.append(chunk)).rejects.toMatchObject({ code: 'INTERNAL' })
    expect((await writer.finish({ aborted: [] })).bytes).toBeLessThan(65_536 * 200)
  })

  test.each([
    ['producer id', { producerId: 'x' }],
    ['offset', { first: -1 }],
  ])('refuses an aborted range with an impossible %s', async (_name, changes) => {
    const writer = new SegmentWriter(collecting(), sampleHeader)
    const aborted = [{ partition: 0, producerId: '1', first: 0, marker: 1, ...changes }]
    await expect(writer.finish({ aborted })).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('refuses a header that no reader would accept', async () => {
    const header = { ...sampleHeader, requires: { read: ['what is not known'], write: [] } }
    const writer = new SegmentWriter(collecting(), header)
    await expect(writer.finish({ aborted: [] })).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('passes on what the storage says', async () => {
    const full = new Error('full')
    const output = { ...collecting(), write: vi.fn().mockRejectedValue(full) }
    const writer = new SegmentWriter(output, sampleHeader)
    await expect(writer.append(await encode({ facts: facts(), raw: raw() }))).rejects.toBe(full)
  })

  test('makes the same bytes of the same chunks, in whatever order the header was made', async () => {
    const chunks = [{ facts: facts(), raw: Buffer.alloc(5000, 'abc'), codec: 'zstd' as const }]
    const [first, second] = [await writeSegment(chunks), await writeSegment(chunks)]
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0)

    const reversed = Object.fromEntries(Object.entries(sampleHeader).toReversed())
    const [one, other] = [collecting(), collecting()]
    await new SegmentWriter(one, sampleHeader).finish({ aborted: [] })
    await new SegmentWriter(other, reversed as typeof sampleHeader).finish({ aborted: [] })
    expect(Buffer.concat(one.written)).toEqual(Buffer.concat(other.written))
  })
})

describe('the sum of a segment', () => {
  test('covers each partition from its first to its last chunk', async () => {
    const { sealed } = await writeSegment([
      { facts: facts({ partition: 3, from: 100, next: 110 }), raw: raw() },
      { facts: facts({ from: 0, next: 5, leaderEpoch: 1 }), raw: raw() },
      { facts: facts({ from: 5, next: 9, leaderEpoch: 2 }), raw: raw() },
    ])
    expect(sealed.offsets).toEqual({ 0: [0, 9, 2], 3: [100, 110, 5] })
    expect(sealed.records).toBe(19)
  })

  test('counts no control records', async () => {
    const { sealed } = await writeSegment([
      { facts: facts({ from: 0, next: 10, controlBatches: 3 }), raw: raw() },
    ])
    expect(sealed.records).toBe(7)
  })

  test('has the least and greatest times, and the largest batch', async () => {
    const { sealed } = await writeSegment([
      {
        facts: facts({ partition: 0, minTimestamp: 5, maxTimestamp: 9, fetchedAt: 20 }),
        raw: raw(),
      },
      {
        facts: facts({ partition: 1, minTimestamp: -1, maxTimestamp: 7, fetchedAt: 10 }),
        raw: raw(),
      },
      {
        facts: facts({ partition: 2, minTimestamp: null, maxTimestamp: null, maxBatchBytes: 900 }),
        raw: raw(),
      },
    ])
    expect(sealed.time).toEqual([-1, 9])
    expect(sealed.captured).toEqual([10, 1_763_881_201_000])
    expect(sealed.maxBatchBytes).toBe(900)
  })

  test('does not know the least time when one chunk does not', async () => {
    const { sealed } = await writeSegment([
      { facts: facts({ partition: 0, minTimestamp: null, maxTimestamp: 9 }), raw: raw() },
      { facts: facts({ partition: 1, minTimestamp: 5, maxTimestamp: 6 }), raw: raw() },
    ])
    expect(sealed.time).toEqual([null, 9])
  })

  test('names what some chunk has', async () => {
    const { sealed } = await writeSegment([
      {
        facts: facts({ partition: 0, flags: { transactional: true, critical: true } }),
        raw: raw(),
      },
      { facts: facts({ partition: 1, flags: { holes: true, logAppendTime: false } }), raw: raw() },
    ])
    expect(sealed.flags).toEqual(['holes', 'transactional'])
  })

  test('is nothing without chunks', async () => {
    const { sealed } = await writeSegment([])
    expect(sealed).toMatchObject({ records: 0, offsets: {}, time: null, captured: null, flags: [] })
  })
})
