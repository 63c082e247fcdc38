import { describe, expect, test } from 'vitest'
import {
  collect,
  encode,
  facts,
  type SampleChunk,
  sampleKey,
  storageOf,
  writeSegment,
} from '../../../test/segments.ts'
import type { Damage } from '../format/damage.ts'
import type { AbortedRange } from '../format/footer.ts'
import { salvageSegment } from './salvage.ts'
import { verifySegment } from './verify.ts'

const noise = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * index * 31 + seed * 7 + (index >> 3)) % 251)

const samples: readonly SampleChunk[] = [
  { facts: facts({ from: 0, next: 3 }), raw: noise(400, 1) },
  { facts: facts({ partition: 1, from: 100, next: 107 }), raw: noise(150, 2) },
  { facts: facts({ from: 3, next: 9 }), raw: Buffer.alloc(2000, 'compressible '), codec: 'zstd' },
  {
    facts: facts({ kind: 'positions', partition: -1, from: 0, next: 0, maxTimestamp: null }),
    raw: Buffer.from('{"group":"billing","positions":{"0":[9,"CHNK in a payload"]}}'),
  },
  { facts: facts({ from: 9, next: 10 }), raw: noise(90, 3) },
]
const { bytes: whole, sealed } = await writeSegment(samples)
const spans = await chunkSpans()

interface Span {
  readonly from: number
  readonly to: number
}

async function chunkSpans(): Promise<Span[]> {
  let position = whole.indexOf(0x43)
  expect(Buffer.from(whole).indexOf('CHNK')).toBe(position)
  const lengths = await Promise.all(
    samples.map(async (sample) => 68 + (await encode(sample)).stored.length),
  )
  return lengths.map((length) => {
    const from = position
    position += length
    return { from, to: position }
  })
}

async function examine(bytes: Uint8Array): Promise<{ damage: Damage[]; salvaged: Uint8Array[] }> {
  const storage = await storageOf(bytes)
  const salvaged: Uint8Array[] = []
  for await (const part of salvageSegment(storage, sampleKey)) {
    if (part.kind === 'chunk') salvaged.push(part.chunk.raw)
  }
  return { damage: await collect(verifySegment(storage, sampleKey)), salvaged }
}

function rawsWhere(keep: (span: Span) => boolean): string[] {
  const kept = samples.filter((_, index) => {
    const span = spans[index]
    return span !== undefined && keep(span)
  })
  return kept.map(({ raw }) => Buffer.from(raw).toString('hex'))
}

const hex = (raws: readonly Uint8Array[]): string[] =>
  raws.map((raw) => Buffer.from(raw).toString('hex'))

const abortedRanges = (count: number): AbortedRange[] =>
  Array.from({ length: count }, (_, first) => ({
    partition: 0,
    producerId: '4711',
    first,
    marker: first + 1,
  }))

describe('a whole segment', () => {
  test.each([
    ['whole', whole],
    ['without its footer', whole.subarray(0, spans.at(-1)?.to)],
  ])('that is salvaged %s reports the position of each chunk', async (_name, bytes) => {
    const found: Span[] = []
    for await (const part of salvageSegment(await storageOf(bytes), sampleKey)) {
      if (part.kind === 'damage') continue
      const { position, storedLength } = part.chunk
      found.push({ from: position, to: position + 68 + storedLength })
    }
    expect(found).toEqual(spans)
  })

  test('is verified and salvaged without damage', async () => {
    const { damage, salvaged } = await examine(whole)
    expect(damage).toEqual([])
    expect(hex(salvaged)).toEqual(rawsWhere(() => true))
    expect(whole.length).toBeGreaterThan(1500)
  })
})

describe.each([
  ['all bits', () => 0xff],
  ['one bit', (position: number) => 1 << (position % 8)],
])('a segment with %s of a byte flipped', (_name, mask) => {
  test('is reported as damaged at that byte, and every other chunk is salvaged', async () => {
    for (let position = 0; position < whole.length; position++) {
      const flipped = Uint8Array.from(whole)
      flipped[position] = (flipped[position] ?? 0) ^ mask(position)
      const { damage, salvaged } = await examine(flipped)

      const naming = damage.filter(({ from, to }) => from <= position && position < to)
      expect(naming, `byte ${position} of ${whole.length}`).toHaveLength(1)
      expect(naming[0]).toMatchObject({ key: sampleKey, reason: expect.stringMatching(/\w/) })
      const without = rawsWhere(({ from, to }) => position < from || to <= position)
      expect(hex(salvaged), `byte ${position}`).toEqual(without)
    }
  })
})

describe('a segment that is cut at any byte', () => {
  test('is reported as damaged, and every chunk before the cut is salvaged', async () => {
    for (let length = 0; length < whole.length; length++) {
      const { damage, salvaged } = await examine(whole.subarray(0, length))

      expect(damage, `cut to ${length}`).toContainEqual(expect.objectContaining({ to: length }))
      expect(hex(salvaged), `cut to ${length}`).toEqual(rawsWhere(({ to }) => to <= length))
    }
  })
})

describe('a segment with missing or repeated bytes', () => {
  test('is reported as damaged, and every chunk around the place is salvaged', async () => {
    for (let position = 7; position < whole.length; position += 7) {
      const [before, after] = [whole.subarray(0, position), whole.subarray(position)]
      for (const broken of [
        [before, after.subarray(5)],
        [before, before.subarray(-9), after],
      ]) {
        const { damage, salvaged } = await examine(Buffer.concat(broken))
        expect(damage.length, `at ${position}`).toBeGreaterThan(0)
        const outside = rawsWhere(({ from, to }) => to <= position || position + 5 <= from)
        expect(hex(salvaged), `at ${position}`).toEqual(expect.arrayContaining(outside))
      }
    }
  })
})

describe('a segment without a footer', () => {
  test('is reported with its damaged chunk, and the other chunks are salvaged', async () => {
    for (const { from, to } of spans) {
      const broken = Buffer.from(whole.subarray(0, whole.length - 30))
      broken.writeUInt8(broken.readUInt8(from + 80) ^ 4, from + 80)
      const { damage, salvaged } = await examine(broken)

      expect(damage).toMatchObject([{ from: from + 68, to }, { to: broken.length }])
      expect(hex(salvaged)).toEqual(rawsWhere((span) => span.from !== from))
    }
  })

  test('does not take a segment in a record for chunks of its own', async () => {
    const { bytes } = await writeSegment([
      { facts: facts({ from: 0, next: 1 }), raw: Buffer.concat([Buffer.alloc(100), whole]) },
      { facts: facts({ from: 1, next: 2 }), raw: noise(100, 4) },
    ])
    const broken = Buffer.from(bytes.subarray(0, bytes.length - 30))
    const position = broken.indexOf('CHNK') + 80
    broken.writeUInt8(broken.readUInt8(position) ^ 4, position)

    expect(hex((await examine(broken)).salvaged)).toEqual(hex([noise(100, 4)]))
  })
})

describe('a segment that is compared with the index', () => {
  test('is reported as whole, also when it is large', async () => {
    const chunks = [1, 2, 3].map((from) => ({
      facts: facts({ from, next: from + 1 }),
      raw: noise(100_000, from),
    }))
    const large = await writeSegment(chunks, abortedRanges(3000))
    expect(await collect(verifySegment(large.storage, large.key, large.sealed))).toEqual([])
  })

  test('is reported as damaged where bytes are missing at its end', async () => {
    const storage = await storageOf(whole.subarray(0, whole.length - 10))
    const [first] = await collect(verifySegment(storage, sampleKey, sealed))
    expect(first).toMatchObject({ from: whole.length - 10, to: whole.length })
  })

  test('is reported as damaged when another whole segment is in its place', async () => {
    const { bytes, sealed: other } = await writeSegment(samples.slice(0, 2))
    const storage = await storageOf(bytes)
    expect(await collect(verifySegment(storage, sampleKey, other))).toEqual([])
    const expected = { bytes: bytes.length, digest: sealed.digest }
    expect(await collect(verifySegment(storage, sampleKey, expected))).toEqual([
      expect.objectContaining({ from: 0, to: bytes.length }),
    ])
  })
})
