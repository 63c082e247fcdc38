import { crc32c } from '@kannery/core/digest'
import type { ChunkFacts } from '@kannery/core/segment'
import { TestClock } from '@kannery/storage-testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BatchSketch, brokerBatch } from '../../../test/batches.ts'
import type { AbortedTransaction, FetchedPartition } from '../../protocol/fetch.ts'
import { compressionCodecs } from '../../record-batch/compression.ts'
import { walkBatches } from '../../record-batch/header.ts'
import { decodeRecords } from '../../record-batch/records.ts'
import { ChunkMemory } from '../memory/chunk-memory.ts'
import { ChunkEncoder } from './chunk-encoder.ts'
import type { SegmentChunk } from './open-segment.ts'
import { TopicWriter } from './topic-writer.ts'

type Answer = Pick<FetchedPartition, 'records' | 'aborted'>

const producers = [undefined, 7n, 8n] as const

/** A batch, and how many offsets compaction took before it. */
type Step = Omit<BatchSketch, 'at'> & { readonly removedBefore: number }

const anyStep: fc.Arbitrary<Step> = fc
  .record({
    records: fc.constantFrom(1, 1, 1, 2, 30),
    value: fc.nat({ max: 400 }).map((length) => 'v'.repeat(length)),
    time: fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
      fc.constantFrom(Number.MAX_SAFE_INTEGER, 2 ** 60, -(2 ** 60)),
    ),
    timeStep: fc.constantFrom(0, 0, 1, -7, 1_000_000),
    codec: fc.constantFrom(...compressionCodecs),
    producer: fc.constantFrom(...producers),
    isMarker: fc.boolean(),
    commits: fc.boolean(),
    logAppendTime: fc.boolean(),
    leaderEpoch: fc.nat({ max: 3 }),
    removedBefore: fc.constantFrom(0, 0, 0, 5),
    removedBehind: fc.constantFrom(0, 0, 0, 4),
  })
  .map(({ producer, isMarker, commits, ...step }) => {
    if (producer === undefined) return step
    if (!isMarker) return { ...step, producer }
    const marker = commits ? 'commit' : 'abort'
    return { ...step, producer, marker, records: 1, codec: 'none', removedBehind: 0 } as const
  })

/** Batches in the order of their offsets, which begin at 100. */
function streamOf(steps: readonly Step[]): readonly Buffer[] {
  let at = 100
  return steps.map(({ removedBefore, ...sketch }) => {
    at += removedBefore
    const batch = brokerBatch({ ...sketch, at })
    at += (sketch.records ?? 1) + (sketch.removedBehind ?? 0)
    return batch
  })
}

interface AbortedRange extends AbortedTransaction {
  readonly marker: number
}

/** Finds the transactions that end with an abort marker. */
function abortedIn(batches: readonly Buffer[]): readonly AbortedRange[] {
  const open = new Map<bigint, number>()
  const aborted: AbortedRange[] = []
  for (const batch of batches) {
    for (const { producerId, isTransactional, isControl, baseOffset } of walkBatches(batch)) {
      if (!isTransactional) continue
      const firstOffset = open.get(producerId) ?? baseOffset
      if (!isControl) {
        open.set(producerId, firstOffset)
        continue
      }
      open.delete(producerId)
      if (isAbort(batch)) aborted.push({ producerId, firstOffset, marker: baseOffset })
    }
  }
  return aborted
}

/** Batches of an answer, cut in the middle of the next one, and what the broker lists with them. */
function answerOf(
  batches: readonly Buffer[],
  aborted: readonly AbortedRange[],
  cut: number,
): Answer {
  const headers = batches.flatMap((batch) => [...walkBatches(batch)])
  const from = headers[0]?.baseOffset ?? 0
  const to = headers.at(-1)?.nextOffset ?? 0
  const next = brokerBatch({ at: to })
  return {
    records: Buffer.concat([...batches, next.subarray(0, cut % next.length)]),
    aborted: aborted.filter(({ firstOffset, marker }) => firstOffset < to && marker >= from),
  }
}

function isAbort(batch: Buffer): boolean {
  const [header] = walkBatches(batch)
  if (header === undefined) throw new Error('a batch')
  return Buffer.from(decodeRecords(batch, header)[0]?.key ?? []).readInt16BE(2) === 0
}

/** Writes answers as a capture does, and returns the chunks. */
async function taken(
  answers: readonly Answer[],
): Promise<{ readonly chunks: readonly SegmentChunk[]; readonly visible: number }> {
  const chunks: SegmentChunk[] = []
  const memory = new ChunkMemory()
  const writer = new TopicWriter({
    topic: 'orders',
    clock: new TestClock(1000),
    limits: { maxBytes: 1e9, maxAgeMs: 1e9 },
    memory,
    encoder: new ChunkEncoder('none', memory),
    checksEachBatch: false,
    upload: async (segment) => {
      chunks.push(...segment.chunks)
      return { id: undefined, commit: async () => undefined }
    },
    onFailed: (error) => {
      throw error
    },
  })
  writer.addPartition(0, 100)
  let visible = 0
  for (const { records, aborted } of answers) visible += writer.take(0, records, aborted)
  writer.seal()
  await writer.settled()
  return { chunks, visible }
}

/** Computes what a footer says of the batches, from their decoded records. */
function factsOf(batches: readonly Buffer[]): Partial<ChunkFacts> {
  const whole = batches.flatMap((batch) =>
    [...walkBatches(batch)].map((header) => ({ header, records: decodeRecords(batch, header) })),
  )
  const data = whole.filter(({ header }) => !header.isControl)
  const isHidden = data.some(
    ({ header }) => header.codec !== 'none' && header.timestampType === 'create',
  )
  const times = data.flatMap(({ records }) => records.map(({ timestamp }) => Number(timestamp)))
  const [least, greatest] = [Math.min(...times), Math.max(...times)].map(saturated)
  const offsets = whole.map(({ header }) => header)
  return {
    from: 100,
    next: offsets.at(-1)?.nextOffset ?? 0,
    leaderEpoch: offsets.at(-1)?.leaderEpoch ?? -1,
    batches: whole.length,
    records: whole.flatMap(({ records }) => records).length,
    controlBatches: whole.length - data.length,
    maxBatchBytes: Math.max(...batches.map((batch) => batch.length)),
    minTimestamp: data.length === 0 || isHidden ? null : (least ?? null),
    maxTimestamp: data.length === 0 ? null : (greatest ?? null),
    flags: {
      transactional: offsets.some(({ attributes }) => (attributes & 0x30) !== 0),
      logAppendTime: offsets.some(({ attributes }) => (attributes & 8) !== 0),
      holes: offsets.some(
        ({ records, baseOffset, nextOffset }, index) =>
          baseOffset !== (offsets[index - 1]?.nextOffset ?? 100) ||
          records !== nextOffset - baseOffset,
      ),
    },
  }
}

function saturated(time: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, time))
}

/** Counts records that a consumer of committed records sees. */
function visibleIn(batches: readonly Buffer[]): number {
  let visible = 0
  const open = new Map<bigint, number>()
  for (const batch of batches) {
    for (const { producerId, isTransactional, isControl, records } of walkBatches(batch)) {
      if (isControl && isAbort(batch)) visible -= open.get(producerId) ?? 0
      if (isControl) open.delete(producerId)
      else visible += records
      if (isTransactional && !isControl) {
        open.set(producerId, (open.get(producerId) ?? 0) + records)
      }
    }
  }
  return visible
}

describe('the batches that a topic writer takes', () => {
  test('are stored byte for byte, with the facts that decoding them gives', async () => {
    const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(anySteps, fc.nat({ max: 40 }), fc.nat(), async (steps, split, cut) => {
        const batches = streamOf(steps)
        const aborted = abortedIn(batches)
        const { chunks, visible } = await taken([
          answerOf(batches.slice(0, split), aborted, cut),
          answerOf(batches.slice(split), aborted, cut),
        ])

        expect(visible).toBe(visibleIn(batches))
        expect(chunks).toHaveLength(1)
        const [{ encoded } = { encoded: undefined }] = chunks
        expect(encoded?.stored).toEqual(Buffer.concat(batches))
        expect(encoded?.facts).toMatchObject(factsOf(batches))
        expect(encoded?.storedCrc).toBe(crc32c(Buffer.concat(batches)))
      }),
    )
  })

  test('are refused, or have another checksum than their chunk, if one bit changed', async () => {
    const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(anySteps, fc.nat(), fc.nat(), fc.nat(7), async (steps, which, at, bit) => {
        const batches = streamOf(steps)
        const damaged = batches[which % batches.length] as Buffer
        // A producer's checksum and everything after it.
        const place = 17 + (at % (damaged.length - 17))
        damaged.writeUInt8(damaged.readUInt8(place) ^ (1 << bit), place)
        const answer = { records: Buffer.concat(batches), aborted: [] }

        const outcome = await taken([answer]).catch((error: unknown) => error)
        if (outcome instanceof Error) {
          expect(outcome).toMatchObject({ code: 'KAFKA_DATA_CORRUPT', facts: { partition: 0 } })
          return
        }
        const { chunks } = outcome as Awaited<ReturnType<typeof taken>>
        for (const { encoded } of chunks) {
          expect(encoded.storedCrc).not.toBe(crc32c(encoded.stored))
        }
      }),
    )
  })
})
