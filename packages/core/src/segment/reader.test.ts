import type { ByteRange } from '@kannery/storage'
import type { MemoryStorage } from '@kannery/storage-testkit'
import { describe, expect, test, vi } from 'vitest'
import {
  collect,
  craft,
  craftChunk,
  emptyStorage,
  encode,
  facts,
  type SampleChunk,
  type SampleSegment,
  sampleHeader,
  sampleKey,
  storageOf,
  writeSegment,
} from '../../test/segments.ts'
import { openSegment } from './reader.ts'

const mebibyte = 1024 * 1024

const chunksOf = (count: number, bytes: number): SampleChunk[] =>
  Array.from({ length: count }, (_, index) => ({
    facts: facts({ from: index, next: index + 1 }),
    raw: Buffer.alloc(bytes, index),
  }))

async function open(segment: SampleSegment) {
  const ranges: (ByteRange | undefined)[] = []
  const { storage, key } = segment
  const get = storage.get.bind(storage)
  vi.spyOn(storage, 'get').mockImplementation((name, options) => {
    ranges.push(options?.range)
    return get(name, options)
  })
  return { reader: await openSegment(storage, { key }), ranges }
}

describe('the requests of a segment reader', () => {
  test('a small segment is opened and read whole by one', async () => {
    const { reader, ranges } = await open(await writeSegment(chunksOf(5, 1000)))
    expect(await collect(reader.readChunks(reader.footer.chunks))).toHaveLength(5)
    expect(ranges).toEqual([{ kind: 'last', length: 65_536 }])
  })

  test('a footer larger than 64 KiB costs one more', async () => {
    const segment = await writeSegment(chunksOf(2000, 10))
    const { reader, ranges } = await open(segment)
    expect(reader.footer.chunks).toHaveLength(2000)
    const end = segment.bytes.length - 65_536
    expect(ranges.slice(1)).toEqual([{ kind: 'span', start: reader.footerStart, end }])
  })

  test('one chunk costs its own bytes', async () => {
    const { reader, ranges } = await open(await writeSegment(chunksOf(3, 100_000)))
    const entry = reader.footer.chunks.slice(0, 1)
    const [read] = await collect(reader.readChunks(entry))
    expect(read?.raw).toHaveLength(100_000)
    const start = entry[0]?.position ?? 0
    expect(ranges.slice(1)).toEqual([{ kind: 'span', start, end: start + 68 + 100_000 }])
  })

  test('neighbours come in one, also across a small gap, but not across a large one', async () => {
    const { reader, ranges } = await open(await writeSegment(chunksOf(20, 40_000)))
    const at = (...indexes: number[]) => reader.footer.chunks.filter((_, i) => indexes.includes(i))
    const read = await collect(reader.readChunks(at(0, 1, 3, 7, 8)))
    expect(read.map(({ raw }) => raw[0])).toEqual([0, 1, 3, 7, 8])
    const [first, second] = [reader.footer.chunks[0], reader.footer.chunks[7]]
    expect(ranges.slice(1)).toEqual([
      { kind: 'span', start: first?.position, end: (first?.position ?? 0) + 4 * 40_068 },
      { kind: 'span', start: second?.position, end: (second?.position ?? 0) + 2 * 40_068 },
    ])
  })

  test('none is for more than 16 MiB of neighbours', async () => {
    const { reader, ranges } = await open(await writeSegment(chunksOf(20, mebibyte)))
    expect(await collect(reader.readChunks(reader.footer.chunks))).toHaveLength(20)
    const lengths = ranges
      .slice(1)
      .map((range) => (range?.kind === 'span' ? range.end - range.start : 0))
    expect(lengths.length).toBe(2)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(16 * mebibyte)
  })

  test('chunks come in the order asked for', async () => {
    const { reader } = await open(await writeSegment(chunksOf(5, 100_000)))
    const read = await collect(reader.readChunks(reader.footer.chunks.toReversed()))
    expect(read.map(({ raw }) => raw[0])).toEqual([4, 3, 2, 1, 0])
  })
})

describe('the buffers of a storage', () => {
  test('may be reused as soon as the next piece is requested', async () => {
    const segment = await writeSegment([...chunksOf(3, 100_000), ...emptyChunks(2000)])
    const { storage, key } = segment
    const get = storage.get.bind(storage)
    storage.get = async (name, options) => {
      const object = await get(name, options)
      return { ...object, body: inOneBuffer(object.body) }
    }
    const reader = await openSegment(storage, { key })
    const read = await collect(reader.readChunks(reader.footer.chunks))
    expect(read.slice(0, 3).map(({ raw }) => [raw[0], raw.at(-1)])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ])
  })
})

const emptyChunks = (count: number): SampleChunk[] =>
  Array.from({ length: count }, () => ({ facts: facts({ partition: -1 }), raw: Buffer.alloc(0) }))

async function* inOneBuffer(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(64 * 1024)
  for await (const piece of body) {
    buffer.set(piece)
    yield buffer.subarray(0, piece.byteLength)
    buffer.fill(0xee)
  }
}

describe('damage in a segment', () => {
  async function damagedSecondChunk(): Promise<MemoryStorage> {
    const { bytes } = await writeSegment(chunksOf(3, 100_000))
    const broken = Uint8Array.from(bytes)
    broken[150_000] = (broken[150_000] ?? 0) ^ 1
    return await storageOf(broken)
  }

  test('is thrown with key and bytes, and what came before it was given', async () => {
    const reader = await openSegment(await damagedSecondChunk(), { key: sampleKey })
    const given: number[] = []
    const reading = (async () => {
      for await (const { facts } of reader.readChunks(reader.footer.chunks)) given.push(facts.from)
    })()
    await expect(reading).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      facts: { key: sampleKey, from: expect.any(Number), to: expect.any(Number) },
    })
    expect(given).toEqual([0])
  })

  test('is reported to a callback, and the rest is read', async () => {
    const reader = await openSegment(await damagedSecondChunk(), { key: sampleKey })
    const onDamage = vi.fn()
    const read = await collect(reader.readChunks(reader.footer.chunks, { onDamage }))
    expect(read.map(({ facts }) => facts.from)).toEqual([0, 2])
    const second = reader.footer.chunks[1]?.position ?? 0
    expect(onDamage.mock.calls).toEqual([
      [expect.objectContaining({ key: sampleKey, from: second + 68, to: second + 68 + 100_000 })],
    ])
  })

  test('is an object of another size than the index says', async () => {
    const { storage, bytes, key } = await writeSegment(chunksOf(1, 10))
    const opening = openSegment(storage, { key, bytes: bytes.length + 1 })
    await expect(opening).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })

  test('is a segment under the name of another', async () => {
    const other = { ...sampleHeader, segment: '01JD8Z3V9GQ5M2K7R4T6W8Y0AC' }
    const storage = await storageOf(craft({ header: other, footer: footerOf(other) }))
    await expect(openSegment(storage, { key: sampleKey })).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringContaining(other.segment),
    })
  })

  test('is not an object that is missing', async () => {
    await expect(openSegment(emptyStorage(), { key: sampleKey })).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
    })
  })
})

const footerOf = (header: unknown, chunks: readonly unknown[] = []): unknown => ({
  header,
  chunks,
  aborted: [],
  coverage: {},
  captured: null,
  maxBatchBytes: 0,
})

describe('content of a later version', () => {
  const sample = { facts: facts(), raw: Buffer.from('from the future') }

  /** A segment with this chunk and one of today. */
  async function withChunk(row: Record<number, number>, change: (header: Buffer) => void) {
    const today = await encode(sample)
    const probe = craft({ footer: footerOf(sampleHeader) })
    const position = probe.length - Buffer.from(probe).readUInt32BE(probe.length - 16) - 16
    const length = 68 + sample.raw.length
    const rowAt = (place: number) => [
      place,
      sample.raw.length,
      sample.raw.length,
      0,
      0,
      0,
      0,
      1,
      1,
      1,
      null,
      null,
      0,
    ]
    const changed = rowAt(position)
    for (const [index, value] of Object.entries(row)) changed[Number(index)] = value
    return await storageOf(
      craft({
        chunks: [craftChunk(today, change), craftChunk(today, () => undefined)],
        footer: footerOf(sampleHeader, [changed, rowAt(position + length)]),
      }),
    )
  }

  test('is read as far as it is known', async () => {
    const header = { ...sampleHeader, mood: 'good' }
    const footer = { ...(footerOf(header) as object), mood: 'good' }
    const reader = await openSegment(await storageOf(craft({ header, footer })), { key: sampleKey })
    expect(reader.header).toEqual(sampleHeader)
  })

  test.each([
    ['another format', { ...sampleHeader, format: 2 }],
    ['a feature that readers must know', { ...sampleHeader, requires: { read: ['x'], write: [] } }],
  ])('is refused for %s', async (_name, header) => {
    const storage = await storageOf(craft({ header, footer: footerOf(header) }))
    await expect(openSegment(storage, { key: sampleKey })).rejects.toMatchObject({
      code: 'DATA_VERSION_UNSUPPORTED',
    })
  })

  test('is read when only writers must know a feature', async () => {
    const header = { ...sampleHeader, requires: { read: [], write: ['x'] } }
    const storage = await storageOf(craft({ header, footer: footerOf(header) }))
    expect((await openSegment(storage, { key: sampleKey })).header).toEqual(header)
  })

  test('is left out where a chunk is of an unknown kind', async () => {
    const storage = await withChunk({ 3: 9 }, (header) => header.writeUInt8(9, 5))
    const reader = await openSegment(storage, { key: sampleKey })
    expect(reader.footer.chunks.map(({ kind }) => kind)).toEqual(['unknown', 'batches'])
    expect(await collect(reader.readChunks(reader.footer.chunks))).toHaveLength(1)
  })

  test('is refused where a chunk of an unknown kind is critical', async () => {
    const storage = await withChunk({ 3: 9, 4: 128 }, (header) => {
      header.writeUInt8(9, 5)
      header.writeUInt8(128, 7)
    })
    await expect(openSegment(storage, { key: sampleKey })).rejects.toMatchObject({
      code: 'DATA_VERSION_UNSUPPORTED',
    })
  })

  test.each([
    ['a codec', (header: Buffer) => header.writeUInt8(7, 6)],
    ['encryption', (header: Buffer) => header.writeUInt8(1, 7)],
    ['a version of the chunk', (header: Buffer) => header.writeUInt8(2, 4)],
  ])('is refused when it comes to chunks with %s that is not known', async (_name, change) => {
    const reader = await openSegment(await withChunk({}, change), { key: sampleKey })
    await expect(collect(reader.readChunks(reader.footer.chunks))).rejects.toMatchObject({
      code: 'DATA_VERSION_UNSUPPORTED',
    })
  })
})
