import type { Incarnation, Index, SegmentEntry } from '@kannery/core/index-file'
import type { Ulid } from '@kannery/core/ulid'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SpanWalk } from './segment-spans.ts'
import { type Selection, select } from './selection.ts'

const incarnation: Incarnation = {
  n: 3,
  topicId: 'kqJ0AAAAAAAAAAAAAAAAAA',
  branch: 0,
  since: '2026-11-23T07:00:00.000Z',
  partitions: 2,
  start: {},
  baseline: null,
  config: {},
  effective: {},
}

function entry(
  offsets: Readonly<Record<number, readonly [number, number]>>,
  changes: Partial<SegmentEntry> = {},
): SegmentEntry {
  return {
    id: '01JDC8' as Ulid,
    in: 3,
    bytes: 1,
    digest: 'crc32c:00000000' as SegmentEntry['digest'],
    records: 1,
    offsets: Object.fromEntries(
      Object.entries(offsets).map(([partition, [from, next]]) => [partition, [from, next, 0]]),
    ),
    time: [0, 100],
    captured: ['', ''],
    maxBatchBytes: 1,
    flags: [],
    expires: null,
    ...changes,
  }
}

function walkOver(
  entries: readonly SegmentEntry[],
  selection: Partial<Selection> = {},
): (Record<string, readonly [number, number]> | undefined)[] {
  const walk = new SpanWalk({ incarnation, partitions: new Set([0, 1]), window: {}, ...selection })
  return entries.map((one) => {
    const spans = walk.next(one)?.spans
    return spans === undefined
      ? undefined
      : Object.fromEntries(
          Array.from(spans, ([partition, { from, next }]) => [partition, [from, next] as const]),
        )
  })
}

describe('the selection of an incarnation', () => {
  test('the last incarnation is read, but in place of an incomplete baseline the one that it replaces', () => {
    const incarnations = (complete: string | null): Pick<Index, 'topic' | 'incarnations'> => ({
      topic: 'accounts',
      incarnations: [
        incarnation,
        {
          ...incarnation,
          n: 4,
          baseline: { of: 3, pending: complete === null ? [1] : [], complete },
        },
      ],
    })

    expect(select(incarnations(null), { window: {} }).incarnation.n).toBe(3)
    expect(select(incarnations('2026-11-23T07:00:00.000Z'), { window: {} }).incarnation.n).toBe(4)
  })

  test('the incarnation that is asked for is read, and one that the backup does not have is refused', () => {
    const index = { topic: 'orders', incarnations: [incarnation, { ...incarnation, n: 4 }] }

    expect(select(index, { window: {}, incarnation: 3 }).incarnation.n).toBe(3)
    expect(() => select(index, { window: {}, incarnation: 5 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', why: 'it has 3, 4' }),
    )
  })
})

describe('of each segment is read', () => {
  test('what no segment before it covers', () => {
    expect(
      walkOver([
        entry({ 0: [0, 10], 1: [0, 5] }),
        entry({ 0: [8, 12], 1: [2, 5] }),
        entry({ 0: [12, 13] }),
        entry({ 1: [0, 5] }),
        entry({ 0: [20, 30] }),
      ]),
    ).toEqual([
      { 0: [0, 10], 1: [0, 5] },
      { 0: [10, 12] },
      { 0: [12, 13] },
      undefined,
      { 0: [20, 30] },
    ])
  })

  test('only the partitions asked for, of the incarnation asked for', () => {
    expect(
      walkOver(
        [entry({ 0: [0, 10], 1: [0, 5] }), entry({ 1: [0, 9] }, { in: 2 }), entry({ 0: [10, 11] })],
        { partitions: new Set([1]) },
      ),
    ).toEqual([{ 1: [0, 5] }, undefined, undefined])
  })

  test('nothing of what has expired or is deleted', () => {
    expect(
      walkOver([
        entry({ 0: [0, 10] }, { state: 'expired' }),
        entry({ 0: [0, 10] }, { state: 'deleted' }),
      ]),
    ).toEqual([undefined, undefined])
  })

  test('nothing when it has no record in the window, or none at all', () => {
    const entries = [
      entry({ 0: [0, 10] }, { time: [0, 49] }),
      entry({ 0: [10, 20] }, { time: [null, 50] }),
      entry({ 0: [20, 30] }, { time: [60, 90] }),
      entry({ 0: [30, 40] }, { time: [null, 90] }),
      entry({ 0: [40, 50] }, { time: null, records: 0 }),
    ]
    expect(walkOver(entries, { window: { sinceMs: 50, untilMs: 60 } })).toEqual([
      undefined,
      { 0: [10, 20] },
      undefined,
      { 0: [30, 40] },
      undefined,
    ])
  })
})

describe('a walk over segments', () => {
  test('segments out of order are refused: their records would be', () => {
    expect(() => walkOver([entry({ 0: [50, 60] }), entry({ 0: [0, 10] })])).toThrow(
      expect.objectContaining({
        code: 'DATA_CORRUPT',
        facts: { segment: '01JDC8', partition: 0, from: 0, next: 10 },
      }),
    )
  })

  test('every covered offset comes once and in order, however segments overlap', () => {
    const anyStep = fc.record({
      back: fc.nat(10),
      skip: fc.nat(3),
      length: fc.integer({ min: 1, max: 8 }),
    })
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
        const covered = new Set<number>()
        let end = 0
        const entries = steps.map(({ back, skip, length }) => {
          let from = end + skip
          // Overlaps reach back only as far as offsets were covered without a gap.
          for (let step = 0; skip === 0 && step < back && covered.has(from - 1); step++) from -= 1
          const next = Math.max(from + length, 1)
          for (let offset = from; offset < next; offset++) covered.add(offset)
          end = Math.max(end, next)
          return entry({ 0: [from, next] })
        })
        const read = walkOver(entries).flatMap((spans) => {
          const [from, next] = spans?.[0] ?? [0, 0]
          return Array.from({ length: next - from }, (_, index) => from + index)
        })
        expect(read).toEqual([...covered].sort((a, b) => a - b))
      }),
    )
  })
})
