import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  collect,
  craft,
  craftChunk,
  craftFooter,
  encode,
  facts,
  sampleHeader,
  sampleKey,
  storageOf,
  writeSegment,
} from '../../test/segments.ts'
import { crc32c } from '../digest/crc32c.ts'
import { readSegmentHeader } from './read-header.ts'
import { openSegment } from './reader.ts'
import { salvageSegment } from './salvage/salvage.ts'
import { verifySegment } from './salvage/verify.ts'

const header = Buffer.from(craft({ footer: {} })).subarray(0, -18)
const row = [header.length, 4, 4, 0, 0, 0, 0, 1, 1, 1, null, null, 0]
const footer = {
  header: sampleHeader,
  chunks: [row],
  aborted: [],
  coverage: { 0: [0, 1, 5] },
  captured: [0, 0],
  maxBatchBytes: 4,
}
const chunk = craftChunk(
  await encode({ facts: facts(), raw: Buffer.from('good') }),
  () => undefined,
)

const refused = { code: 'DATA_CORRUPT', facts: { key: sampleKey } }

async function opening(bytes: Uint8Array): Promise<unknown> {
  return await openSegment(await storageOf(bytes), { key: sampleKey })
}

const replaced = (index: number, value: unknown): unknown => ({
  ...footer,
  chunks: [row.map((old, i) => (i === index ? value : old))],
})

function aborted(producerId: unknown): unknown {
  return { partition: 0, producerId, first: 0, marker: 1 }
}

async function bytesAskedToSalvage(body: Uint8Array): Promise<number> {
  const storage = await storageOf(Buffer.concat([header, body]))
  let asked = 0
  const get = storage.get.bind(storage)
  storage.get = (key, options) => {
    const range = options?.range
    asked += range?.kind === 'span' ? range.end - range.start : 0
    return get(key, options)
  }
  const found = await collect(salvageSegment(storage, sampleKey))
  expect(found.map(({ kind }) => kind)).toEqual(['damage'])
  return asked
}

describe('a hostile segment', () => {
  test('the segment that the others here are made from is whole', async () => {
    const storage = await storageOf(craft({ chunks: [chunk], footer }))
    expect(await collect(verifySegment(storage, sampleKey))).toEqual([])
  })

  describe.each([
    ['no object', 'null'],
    ['an empty object', {}],
    ['chunks that are no list', { ...footer, chunks: {} }],
    ['a negative position', replaced(0, -1)],
    ['a position beyond the file', replaced(0, 2 ** 40)],
    ['a negative length', replaced(1, -4)],
    ['a length beyond the file', replaced(1, 2 ** 32)],
    ['a length that is no integer', replaced(1, 4.5)],
    ['an enormous raw length', replaced(2, 2 ** 32 - 1)],
    ['a partition of −2', replaced(5, -2)],
    ['an offset beyond 2^53', replaced(7, 2 ** 60)],
    ['a text for a number', replaced(8, '1')],
    ['the same chunk twice', { ...footer, chunks: [row, row] }],
    ['no chunks where there is one', { ...footer, chunks: [], maxBatchBytes: -1 }],
    ['coverage of a name', { ...footer, coverage: { __proto__x: [0, 1, 2] } }],
    ['coverage beyond all partitions', { ...footer, coverage: { 1000000: [0, 1, 2] } }],
    ['coverage that is no list', { ...footer, coverage: { 0: 5 } }],
    ['a producer id that is a number', { ...footer, aborted: [aborted(4711)] }],
    ['a producer id that is no number', { ...footer, aborted: [aborted('4711; DROP')] }],
    ['a segment id that is none', { ...footer, header: { ...sampleHeader, segment: '../x' } }],
  ])('a footer with right checksums and %s', (_name, json) => {
    test('is damage', async () => {
      const bytes = craft({ chunks: [chunk], footer: json })
      await expect(opening(bytes)).rejects.toMatchObject(refused)
      expect(await collect(verifySegment(await storageOf(bytes), sampleKey))).not.toEqual([])
    })
  })

  test.each([
    ['deep', '['.repeat(8 * 1024 * 1024), 'nested deeper than allowed'],
    ['wide', `[${'[],'.repeat(1024 * 1024)}[]]`, 'more lists than allowed'],
    ['long', `[${'0,'.repeat(4 * 1024 * 1024)}0]`, 'more values than allowed'],
  ])('a %s footer is refused before it fills the memory', async (_name, json, why) => {
    const bytes = Buffer.concat([header, craftFooter(json)])
    await expect(opening(bytes)).rejects.toMatchObject({ ...refused, why })
  })

  test.each([0, 1, 8, 12, 16, 30, 35])('%i bytes are no segment', async (length) => {
    const bytes = Buffer.from(craft({ footer })).subarray(0, length)
    const storage = await storageOf(bytes)
    await expect(opening(bytes)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await expect(readSegmentHeader(storage, sampleKey)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
    })
    expect(await collect(verifySegment(storage, sampleKey))).toEqual([
      expect.objectContaining({ from: 0, to: length }),
    ])
    expect(await collect(salvageSegment(storage, sampleKey))).toMatchObject([{ kind: 'damage' }])
  })

  test.each([0, 1, 0x7fffffff, 0xffffffff])('a footer of %i bytes is none', async (length) => {
    const bytes = Buffer.from(craft({ chunks: [chunk], footer }))
    bytes.writeUInt32BE(length, bytes.length - 16)
    await expect(opening(bytes)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })

  test('a footer of more than 64 MiB is not even asked for', async () => {
    const bytes = Buffer.from(craft({ chunks: [chunk], footer }))
    bytes.writeUInt32BE(65 * 1024 * 1024, bytes.length - 16)
    const storage = await storageOf(bytes)
    const get = storage.get.bind(storage)
    storage.get = async (key, options) => {
      const object = await get(key, options)
      return { ...object, info: { ...object.info, size: 2 ** 30 } }
    }
    await expect(openSegment(storage, { key: sampleKey })).rejects.toMatchObject(refused)
  })

  test.each([0, 1, 0x7fffffff, 0xffffffff])('a header of %i bytes is none', async (length) => {
    const bytes = Buffer.from(craft({ chunks: [chunk], footer }))
    bytes.writeUInt32BE(length, 8)
    const storage = await storageOf(bytes)
    await expect(readSegmentHeader(storage, sampleKey)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
    })
  })

  test('a chunk that decompresses to more than it says is damage, not memory', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024))
    const encoded = {
      ...(await encode({ facts: facts(), raw: Buffer.alloc(100_000) })),
      stored: bomb,
    }
    const evil = craftChunk(encoded, (bytes) => {
      bytes.writeUInt8(1, 6)
      bytes.writeUInt32BE(bomb.length, 52)
      bytes.writeUInt32BE(crc32c(bomb), 60)
    })
    const entry = [header.length, bomb.length, 100_000, ...row.slice(3)]
    const storage = await storageOf(
      craft({ chunks: [evil], footer: { ...footer, chunks: [entry] } }),
    )
    const [damage] = await collect(verifySegment(storage, sampleKey))
    expect(damage?.reason).toMatch(/does not decompress: .*100000 bytes/)
  })

  test('a chunk that decompresses to other bytes than it was made of is damage', async () => {
    const raw = Buffer.alloc(1000, 'a')
    const other = zstdCompressSync(Buffer.alloc(1000, 'b'))
    const evil = craftChunk(
      { ...(await encode({ facts: facts(), raw })), stored: other },
      (bytes) => {
        bytes.writeUInt8(1, 6)
        bytes.writeUInt32BE(other.length, 52)
        bytes.writeUInt32BE(crc32c(other), 60)
      },
    )
    const entry = [header.length, other.length, 1000, ...row.slice(3)]
    const storage = await storageOf(
      craft({ chunks: [evil], footer: { ...footer, chunks: [entry] } }),
    )
    const body = header.length + 68
    expect(await collect(verifySegment(storage, sampleKey))).toMatchObject([
      { from: body, to: body + other.length },
    ])
  })

  test.each([
    ['partition', { partition: 1 }],
    ['from', { from: 1, next: 1 }],
    ['next', { next: 2 }],
    ['batches', { batches: 2 }],
    ['records', { records: 2 }],
    ['flags', { flags: { holes: true } }],
    ['kind', { kind: 'positions' as const }],
  ])('a whole chunk with another %s than in the footer is damage', async (_name, changes) => {
    const other = await encode({ facts: facts(changes), raw: Buffer.from('good') })
    const storage = await storageOf(craft({ chunks: [craftChunk(other, () => undefined)], footer }))
    expect(await collect(verifySegment(storage, sampleKey))).toMatchObject([
      { from: header.length, to: header.length + 68 },
    ])
  })

  test('a header that is not the one in the footer is damage', async () => {
    const other = { ...footer, header: { ...sampleHeader, epoch: 8 } }
    const storage = await storageOf(craft({ chunks: [chunk], footer: other }))
    expect(await collect(verifySegment(storage, sampleKey))).toMatchObject([
      { from: 8, to: header.length },
    ])
  })

  test('chunk headers that promise what is not there cost no more than a few readings', async () => {
    const raw = Buffer.alloc(5 * 1024 * 1024)
    const lie = craftChunk(await encode({ facts: facts(), raw }), () => undefined).subarray(0, 68)
    const body = Buffer.alloc(12 * 1024 * 1024, lie)
    expect(await bytesAskedToSalvage(body)).toBeLessThan(20 * body.length)
  })

  test('what only begins as chunks do is read once', async () => {
    const body = Buffer.alloc(400_000, 'CHNK')
    expect(await bytesAskedToSalvage(body)).toBeLessThan(3 * body.length)
  })

  test('whatever bytes are there, damage is all that comes of it', async () => {
    const { bytes } = await writeSegment([
      { facts: facts(), raw: Buffer.from('some raw bytes') },
      { facts: facts({ partition: 1 }), raw: Buffer.alloc(500, 'a'), codec: 'zstd' },
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.uint8Array({ maxLength: 20 })), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.nat(bytes.length),
        async (patches, length) => {
          const broken = Buffer.from(bytes)
          for (const [position, patch] of patches)
            broken.set(patch.slice(0, broken.length - position), position)
          const cut = broken.subarray(0, length)
          const storage = await storageOf(cut)
          const damage = await collect(verifySegment(storage, sampleKey))
          expect(damage.length > 0).toBe(Buffer.compare(cut, bytes) !== 0)
          await collect(salvageSegment(storage, sampleKey))
        },
      ),
      { numRuns: 300 },
    )
  })
})
