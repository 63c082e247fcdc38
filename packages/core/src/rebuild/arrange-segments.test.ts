import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { segment } from '../../test/fixtures.ts'
import { sampleHeader } from '../../test/segments.ts'
import { rangesOf } from '../index-file/coverage.ts'
import type { Index } from '../index-file/format/model.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { arrangeSegments } from './arrange-segments.ts'
import { brokenOrder } from './entry-order.ts'
import type { FoundSegment } from './survey-segments.ts'

type Ranges = Readonly<Record<number, readonly [from: number, next: number]>>

interface Sketch {
  readonly epoch: number
  readonly offsets: Ranges
  /** 0 by default. */
  readonly leaderEpoch?: number
  readonly damaged?: boolean
  readonly incarnation?: number
  readonly baselineOf?: number
}

function found(sketches: readonly Sketch[]): readonly FoundSegment[] {
  return sketches.map(({ epoch, offsets, leaderEpoch = 0, damaged = false, ...others }, at) => {
    const id = `01JDC8F9V0${String(at).padStart(16, '0')}` as Ulid
    const header = { ...sampleHeader, ...others, segment: id, epoch }
    const entry = segment(id, offsets, header.incarnation)
    const ranges = rangesOf(entry).map(([p, [from, next]]) => [p, [from, next, leaderEpoch]])
    return { header, entry: { ...entry, offsets: Object.fromEntries(ranges) }, damaged }
  })
}

function arranged(sketches: readonly Sketch[]) {
  const arrangement = arrangeSegments(found(sketches))
  return arrangement?.segments.map(({ offsets }) =>
    Object.fromEntries(Object.entries(offsets).map(([p, [from, next]]) => [p, [from, next]])),
  )
}

const baseline = { epoch: 2, incarnation: 1, baselineOf: 0 }

const anyRange = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 30 }))
  .map(([from, length]): readonly [number, number] => [from, from + length])

const anySegments = fc.array(
  fc.record({
    epoch: fc.integer({ min: 1, max: 4 }),
    offsets: fc.record({ 0: anyRange }, { noNullPrototype: true }),
    damaged: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

function offsetsOf(entry: ReturnType<typeof segment>): readonly number[] {
  return rangesOf(entry).flatMap(([, [from, next]]) => numbers([from, next]))
}

function numbers([from, next]: readonly [number, number]): readonly number[] {
  return Array.from({ length: next - from }, (_, at) => from + at)
}

describe('arranging segments for a rebuild', () => {
  test('the higher epoch wins, on both sides of it', () => {
    const segments = [
      { epoch: 1, offsets: { 0: [0, 50] } },
      { epoch: 1, offsets: { 0: [50, 100] } },
      { epoch: 2, offsets: { 0: [40, 60] } },
    ] as const
    expect(arranged(segments)).toEqual([{ 0: [0, 40] }, { 0: [40, 60] }, { 0: [60, 100] }])
  })

  test('how many records are visible in a part of a segment is not known', () => {
    const segments = found([
      { epoch: 1, offsets: { 0: [0, 50] } },
      { epoch: 2, offsets: { 0: [40, 60] } },
    ])

    expect(arrangeSegments(segments)?.segments).toEqual([
      expect.objectContaining({ visible: null }),
      expect.not.objectContaining({ visible: null }),
    ])
  })

  test('of one epoch the later one wins: it is the one that was committed', () => {
    const segments = [
      { epoch: 1, offsets: { 0: [0, 50] } },
      { epoch: 1, offsets: { 0: [0, 60] } },
    ] as const
    expect(arranged(segments)).toEqual([{ 0: [0, 60] }])
  })

  test('a whole segment that would fall into two parts keeps what is between them', () => {
    const segments = [
      { epoch: 1, offsets: { 0: [0, 100] } },
      { epoch: 2, offsets: { 0: [40, 60], 1: [0, 5] } },
    ] as const
    expect(arranged(segments)).toEqual([{ 0: [0, 100] }, { 1: [0, 5] }])
  })

  test('a damaged one takes nothing from a whole one, and keeps its largest part', () => {
    const segments = [
      { epoch: 9, offsets: { 0: [0, 100] }, damaged: true },
      { epoch: 1, offsets: { 0: [10, 30] } },
    ] as const
    expect(arranged(segments)).toEqual([{ 0: [10, 30] }, { 0: [30, 100] }])
  })

  describe('a leftover of a history that a later leader cut off', () => {
    const committed = { epoch: 8, offsets: { 0: [100, 180] }, leaderEpoch: 6 } as const
    const [, committedId] = found([committed, committed]).map(({ entry }) => entry.id)

    test.each<[string, Ranges]>([
      ['and that reaches further than what was committed', { 0: [100, 200] }],
      ['and that begins where the later leader continues', { 0: [180, 200] }],
    ])('%s is left out, although it is the only one there', (_, offsets) => {
      const leftover = { epoch: 7, offsets, leaderEpoch: 5 }
      const arrangement = arrangeSegments(found([leftover, committed]))
      expect(arrangement?.segments.map(({ id }) => id)).toEqual([committedId])
      expect(arrangement).toMatchObject({ superseded: [], cutOff: [expect.any(String)] })
      expect(arrangement?.cutOff).not.toContain(committedId)
    })

    test('keeps what lies before it', () => {
      const leftover = { epoch: 7, offsets: { 0: [50, 200] }, leaderEpoch: 5 } as const
      const arrangement = arrangeSegments(found([leftover, committed]))
      expect(arrangement?.segments[0]).toMatchObject({ visible: null })
      expect(arrangement?.segments.map(({ offsets }) => offsets[0])).toEqual([
        [50, 100, -1],
        [100, 180, 6],
      ])
      expect(arrangement?.cutOff).toEqual([])
    })

    test('is not recognized by a leader epoch that is not known', () => {
      const leftover = { epoch: 7, offsets: { 0: [100, 200] }, leaderEpoch: -1 } as const
      expect(arranged([leftover, committed])).toEqual([{ 0: [100, 180] }, { 0: [180, 200] }])
    })
  })

  test('where partitions contradict each other, the oldest segment gives way, and the hole is reported', () => {
    const segments = found([
      { epoch: 1, offsets: { 0: [0, 10], 1: [10, 20] } },
      { epoch: 2, offsets: { 0: [10, 20], 1: [0, 10] } },
      { epoch: 2, offsets: { 1: [20, 30] } },
    ])
    const arrangement = arrangeSegments(segments)
    expect(arrangement?.segments.map(({ offsets }) => Object.keys(offsets))).toEqual([
      ['0'],
      ['0', '1'],
      ['1'],
    ])
    expect(arrangement?.holes).toEqual([{ in: 0, partition: 1, offsets: [10, 20] }])
  })

  test.each<[string, boolean, readonly Sketch[]]>([
    ['reaches as far as what it stands for', true, [{ ...baseline, offsets: { 0: [0, 10] } }]],
    ['does not reach so far', false, [{ ...baseline, offsets: { 0: [0, 9] } }]],
    [
      'has a hole',
      false,
      [
        { ...baseline, offsets: { 0: [0, 3] } },
        { ...baseline, offsets: { 0: [4, 10] } },
      ],
    ],
    ['is damaged', false, [{ ...baseline, offsets: { 0: [0, 10] }, damaged: true }]],
  ])('a baseline that %s counts as complete: %s', (_, isComplete, sketches) => {
    const before = { epoch: 1, offsets: { 0: [0, 10] } } as const
    const incarnations = arrangeSegments(found([before, ...sketches]))?.incarnations
    expect(incarnations?.map(({ baseline }) => baseline)).toEqual([
      null,
      { of: 0, pending: [], complete: isComplete ? sampleHeader.createdAt : null },
    ])
  })

  test('in one partition: nothing twice, in growing order, and no offset lost that a whole segment has', () => {
    fc.assert(
      fc.property(anySegments, (sketches) => {
        const arrangement = arrangeSegments(found(sketches))
        if (arrangement === undefined) throw new Error('nothing was arranged')
        const { segments, holes, incarnations } = arrangement

        expect(brokenOrder({ segments, incarnations } as unknown as Index)).toBeUndefined()
        const covered = new Set(segments.flatMap((entry) => offsetsOf(entry)))
        for (const { offsets, damaged } of sketches) {
          if (damaged) continue
          for (const offset of numbers(offsets[0])) expect(covered).toContain(offset)
        }
        for (const hole of holes) {
          for (const offset of numbers(hole.offsets)) expect(covered).not.toContain(offset)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('what one writer after the other committed comes back as it was, in all partitions', () => {
    const anyCommits = fc.array(
      fc.record({ length: fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), takeOver: fc.boolean() }),
      { minLength: 1, maxLength: 20 },
    )
    fc.assert(
      fc.property(anyCommits, (commits) => {
        const next = [0, 0, 0]
        let epoch = 1
        const sketches = commits.map(({ length, takeOver }): Sketch => {
          if (takeOver) epoch++
          const offsets: Record<number, [number, number]> = {}
          for (const [partition, count] of length.entries()) {
            const from = next[partition] ?? 0
            if (count > 0) offsets[partition] = [from, from + count]
            next[partition] = from + count
          }
          return { epoch, offsets }
        })
        expect(arranged(sketches)).toEqual(sketches.map(({ offsets }) => offsets))
      }),
    )
  })
})
