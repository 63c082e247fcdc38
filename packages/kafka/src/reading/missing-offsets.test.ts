import type { Gap, SegmentEntry } from '@kannery/core/index-file'
import type { Ulid } from '@kannery/core/ulid'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MissingOffsetsWalk } from './missing-offsets.ts'
import { select } from './selection.ts'
import type { RestoreWindow } from './window.ts'

interface Asked {
  readonly gaps?: readonly Gap[]
  readonly window?: RestoreWindow
  readonly start?: Readonly<Record<number, number>>
}

const since = '2026-11-23T07:00:00.000Z'

/** What is missing of partition 0 of two, as `from..next reason`. */
function missing(
  entries: readonly Partial<SegmentEntry>[],
  { gaps = [], window = {}, start = {} }: Asked = {},
): readonly string[] {
  const incarnation = {
    n: 0,
    topicId: 'kqJ0AAAAAAAAAAAAAAAAAA',
    branch: 0,
    since,
    partitions: 2,
    start,
    baseline: null,
    config: {},
    effective: {},
  }
  const walk = new MissingOffsetsWalk(
    select({ topic: 'orders', incarnations: [incarnation] }, { window, partitions: [0] }),
  )
  for (const entry of entries) walk.add(segment(entry))
  return walk.finish(gaps).map(({ partition, offsets: [from, next], reason }) => {
    expect(partition).toBe(0)
    return `${from}..${next} ${reason}`
  })
}

function segment(changes: Partial<SegmentEntry>): SegmentEntry {
  return {
    id: '01JDC8A9V0000000000000000C' as Ulid,
    in: 0,
    bytes: 1,
    digest: 'crc32c:00000000',
    records: 1,
    offsets: {},
    time: [1000, 2000],
    captured: [since, since],
    maxBatchBytes: 1,
    flags: [],
    expires: null,
    ...changes,
  }
}

function gap(from: number, next: number, partition = 0): Gap {
  return { in: 0, partition, offsets: [from, next], reason: 'retention was faster', noticed: since }
}

const expired = 'the retention of the backup has marked them as expired'
const deleted = 'the retention of the backup has deleted them'

describe('the offsets that a backup does not give', () => {
  test('a backup without gaps lacks nothing', () => {
    expect(missing([{ offsets: { 0: [0, 5, 0] } }, { offsets: { 0: [5, 9, 0] } }])).toEqual([])
    expect(missing([])).toEqual([])
  })

  test('what retention took from the backup is named with the reason, neighbours together', () => {
    expect(
      missing([
        { offsets: { 0: [0, 5, 0] }, state: 'deleted' },
        { offsets: { 0: [5, 7, 0] }, state: 'deleted' },
        { offsets: { 0: [7, 9, 0], 1: [0, 4, 0] }, state: 'expired' },
        { offsets: { 0: [9, 12, 0] } },
      ]),
    ).toEqual([`0..7 ${deleted}`, `7..9 ${expired}`])
  })

  test('a gap of the index is named with its own reason, also the last thing that is known', () => {
    expect(
      missing([{ offsets: { 0: [0, 5, 0] } }, { offsets: { 0: [8, 9, 0] } }], {
        gaps: [gap(5, 8), gap(9, 11), gap(0, 50, 1)],
      }),
    ).toEqual(['5..8 retention was faster', '9..11 retention was faster'])
  })

  test('offsets that another segment gives are not missing', () => {
    expect(
      missing([{ offsets: { 0: [0, 10, 0] }, state: 'expired' }, { offsets: { 0: [5, 12, 0] } }]),
    ).toEqual([`0..5 ${expired}`])
  })

  test('offsets that nothing explains are named as well, from the start of the partition', () => {
    expect(
      missing([{ offsets: { 0: [105, 110, 0] } }, { offsets: { 0: [120, 121, 0] } }], {
        start: { 0: 100 },
        gaps: [gap(112, 115)],
      }),
    ).toEqual([
      '100..105 no segment of the backup covers them',
      '110..112 no segment of the backup covers them',
      '112..115 retention was faster',
      '115..120 no segment of the backup covers them',
    ])
  })

  test('what lies outside the window, held no records, or is of another incarnation is not missing', () => {
    expect(
      missing(
        [
          { offsets: { 0: [0, 5, 0] }, state: 'deleted' },
          { offsets: { 0: [5, 6, 0] }, state: 'deleted', records: 0, time: null },
          { offsets: { 0: [6, 9, 0] }, time: [5000, 6000] },
          { offsets: { 0: [9, 50, 0] }, in: 1, state: 'deleted' },
        ],
        { window: { sinceMs: 4000 }, gaps: [{ ...gap(9, 20), in: 1 }] },
      ),
    ).toEqual([])
  })

  test('every offset is given, or missing for one reason, whatever overlaps', () => {
    const span = fc
      .tuple(fc.nat(30), fc.integer({ min: 1, max: 6 }))
      .map(([from, length]) => [from, from + length])
    const state = fc.constantFrom(undefined, 'expired' as const, 'deleted' as const)
    fc.assert(
      fc.property(fc.array(fc.tuple(span, state)), fc.array(span), (parts, gaps) => {
        const found = missing(
          parts.map(([[from = 0, next = 0], how]) => ({
            offsets: { 0: [from, next, 0] as const },
            ...(how === undefined ? {} : { state: how }),
          })),
          { gaps: gaps.map(([from = 0, next = 0]) => gap(from, next)) },
        )
        const ranges = found.map((line) => line.split(' ')[0]?.split('..').map(Number) ?? [])
        const end = Math.max(
          0,
          ...[...parts.map(([range]) => range), ...gaps].map(([, to = 0]) => to),
        )
        for (let offset = 0; offset < end; offset++) {
          const given = parts.some(([range, how]) => how === undefined && contains(range, offset))
          expect(ranges.filter((range) => contains(range, offset))).toHaveLength(given ? 0 : 1)
        }
        expect(ranges.every(([, next = 0]) => next <= end)).toBe(true)
      }),
    )
  })

  function contains([from = 0, next = 0]: readonly number[], offset: number): boolean {
    return from <= offset && offset < next
  }
})
