import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  collect,
  facts,
  type SampleChunk,
  sampleHeader,
  writeSegment,
} from '../../test/segments.ts'
import { crc32c } from '../digest/crc32c.ts'
import { formatDigest } from '../digest/digest.ts'
import type { ChunkFacts } from './format/encode-chunk.ts'
import type { AbortedRange } from './format/footer.ts'
import { decodeSegmentHeader, encodeSegmentHeader } from './format/segment-header.ts'
import { openSegment } from './reader.ts'

const anyOffset = fc.oneof(fc.nat(1000), fc.constant(2 ** 53 - 1), fc.maxSafeNat())
const anyTime = fc.oneof(
  fc.constantFrom(-1, 0, 2 ** 53 - 1),
  fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
)
const anyRaw = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 40_000 }))
    .map(([pattern, times]) => new Uint8Array(Buffer.alloc(times, pattern))),
)

/** Chunks of one partition each, so that any order of offsets is allowed. */
const anyChunks: fc.Arbitrary<SampleChunk[]> = fc
  .array(
    fc.record({
      raw: anyRaw,
      codec: fc.constantFrom('none' as const, 'zstd' as const),
      kind: fc.constantFrom('batches' as const, 'positions' as const, 'configuration' as const),
      offsets: fc.tuple(anyOffset, anyOffset),
      leaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
      fetchedAt: anyOffset,
      records: fc.nat(0xffffffff),
      flags: fc.record({
        transactional: fc.boolean(),
        holes: fc.boolean(),
        logAppendTime: fc.boolean(),
        critical: fc.boolean(),
      }),
      minTimestamp: fc.option(anyTime),
      maxTimestamp: fc.option(anyTime),
      estimatedMinTimestamp: anyTime,
      maxBatchBytes: fc.nat(),
    }),
    { maxLength: 8 },
  )
  .map((chunks) =>
    chunks.map(({ raw, codec, offsets, ...rest }, partition) => {
      const [from, next] = offsets[0] < offsets[1] ? offsets : [offsets[1], offsets[0]]
      return { raw, codec, facts: facts({ ...rest, partition, from, next, batches: 1 }) }
    }),
  )

const anyAborted: fc.Arbitrary<AbortedRange[]> = fc.array(
  fc.record({
    partition: fc.nat(7),
    producerId: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    first: anyOffset,
    marker: anyOffset,
  }),
  { maxLength: 5 },
)

/** What stands in the 68 bytes. */
function headerFacts(facts: ChunkFacts): Partial<ChunkFacts> {
  const { kind, partition, leaderEpoch, from, next, fetchedAt, batches, records, flags } = facts
  return { kind, partition, leaderEpoch, from, next, fetchedAt, batches, records, flags }
}

function footerFacts(
  facts: Pick<
    ChunkFacts,
    'minTimestamp' | 'maxTimestamp' | 'estimatedMinTimestamp' | 'controlBatches'
  >,
): Partial<ChunkFacts> {
  const { estimatedMinTimestamp, ...others } = facts
  const { minTimestamp, maxTimestamp, controlBatches } = others
  const estimate = estimatedMinTimestamp === undefined ? {} : { estimatedMinTimestamp }
  return { minTimestamp, maxTimestamp, controlBatches, ...estimate }
}

describe('a segment', () => {
  test('what is written is read again, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(anyChunks, anyAborted, async (chunks, aborted) => {
        const { storage, key, bytes, sealed } = await writeSegment(chunks, aborted)
        const reader = await openSegment(storage, { key, bytes: bytes.length })
        const read = await collect(reader.readChunks(reader.footer.chunks))

        expect(read.map(({ facts }) => facts)).toEqual(
          chunks.map(({ facts }) => headerFacts(facts)),
        )
        for (const [index, { raw }] of read.entries()) {
          expect(Buffer.compare(raw, chunks[index]?.raw ?? new Uint8Array())).toBe(0)
        }
        expect(read.map(({ entry }) => footerFacts(entry))).toEqual(
          chunks.map(({ facts }) => footerFacts(facts)),
        )
        expect(reader.header).toEqual(sampleHeader)
        expect(reader.footer.aborted).toEqual(aborted)
        expect(reader.footer.coverage).toEqual(sealed.offsets)
        expect(sealed.bytes).toBe(bytes.length)
        expect(sealed.digest).toBe(formatDigest(crc32c(bytes)))
      }),
      { numRuns: 150 },
    )
  })

  test('the header of a baseline says which incarnation it replaces', () => {
    const header = { ...sampleHeader, incarnation: 2, baselineOf: 1 }
    expect(decodeSegmentHeader(encodeSegmentHeader(header), 'key')).toEqual(header)
  })
})
