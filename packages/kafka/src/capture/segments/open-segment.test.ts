import { encodeChunk } from '@kannery/core/segment'
import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { walkBatches } from '../../record-batch/header.ts'
import { ChunkMemory } from '../memory/chunk-memory.ts'
import type { AbortedPart } from './aborted-batches.ts'
import { ChunkBuilder } from './chunk-builder.ts'
import { OpenSegment, type SegmentChunk } from './open-segment.ts'

async function chunk(
  { partition, at }: { readonly partition: number; readonly at: number },
  aborted: readonly AbortedPart[],
): Promise<SegmentChunk> {
  const clock = new TestClock()
  await clock.pass(at)
  const builder = new ChunkBuilder({
    memory: new ChunkMemory(),
    clock,
    partition,
    from: at,
    checksEachBatch: false,
  })
  const batch = brokerBatch({ at, records: 10 })
  for (const header of walkBatches(batch)) builder.append(batch, header, undefined, clock.now())
  const raw = builder.finish()
  if (raw === undefined) throw new Error('no chunk')
  const { facts, rawCrc, startedAt, visibleRecords, release } = raw
  const encoded = await encodeChunk(facts, raw.raw, { codec: 'none', rawCrc })
  return { encoded, aborted, startedAt, visibleRecords, rawBytes: raw.raw.length, release }
}

const part = (producerId: bigint, first: number, marker?: number): AbortedPart => ({
  producerId,
  first,
  marker,
})

describe('the aborted ranges of a segment', () => {
  test('end at the marker, whichever chunk it is in', async () => {
    const segment = new OpenSegment()
    segment.add(await chunk({ partition: 0, at: 0 }, [part(7n, 2), part(7n, 2)]))
    segment.add(await chunk({ partition: 0, at: 10 }, [part(7n, 2, 14)]))

    expect(segment.aborted()).toEqual([{ partition: 0, producerId: '7', first: 2, marker: 14 }])
  })

  test('end where the segment ends when the marker is not in it', async () => {
    const segment = new OpenSegment()
    segment.add(await chunk({ partition: 0, at: 0 }, [part(7n, 2)]))
    segment.add(await chunk({ partition: 1, at: 40 }, []))
    segment.add(await chunk({ partition: 0, at: 10 }, []))

    expect(segment.aborted()).toEqual([{ partition: 0, producerId: '7', first: 2, marker: 20 }])
  })

  test('are distinguished by partition, producer and first offset', async () => {
    const segment = new OpenSegment()
    segment.add(await chunk({ partition: 1, at: 0 }, [part(7n, 0, 3), part(7n, 5, 6), part(8n, 1)]))
    segment.add(await chunk({ partition: 0, at: 0 }, [part(7n, 5, 9)]))

    expect(segment.aborted()).toEqual([
      { partition: 0, producerId: '7', first: 5, marker: 9 },
      { partition: 1, producerId: '7', first: 0, marker: 3 },
      { partition: 1, producerId: '8', first: 1, marker: 10 },
      { partition: 1, producerId: '7', first: 5, marker: 6 },
    ])
  })
})

describe('the age of a segment', () => {
  test('a segment is as old as its oldest batch', async () => {
    const segment = new OpenSegment()
    expect(segment.startedAt).toBe(Number.POSITIVE_INFINITY)
    segment.add(await chunk({ partition: 0, at: 50 }, []))
    segment.add(await chunk({ partition: 1, at: 20 }, []))
    expect(segment.startedAt).toBe(20)
  })
})
