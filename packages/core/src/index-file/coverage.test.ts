import { describe, expect, test } from 'vitest'
import { gap, segment } from '../../test/fixtures.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { type Continuation, continueCoverage } from './coverage.ts'

const id = '01JDC8F9V0000000000000000A' as Ulid
const next = new Map([
  [0, 10],
  [1, 0],
])

function covered(
  offsets: Record<number, [number, number]>,
  ...gaps: ReturnType<typeof gap>[]
): Continuation {
  return continueCoverage(next, { segment: segment(id, offsets), gaps })
}

describe('the coverage of a partition', () => {
  test.each([
    ['continues where the last one ended', { 0: [10, 20] }, [], { 0: 20, 1: 0 }],
    ['covers two partitions', { 0: [10, 20], 1: [0, 5] }, [], { 0: 20, 1: 5 }],
    ['covers nothing of a partition', { 0: [10, 10] }, [], { 0: 10, 1: 0 }],
    ['comes after a gap', { 0: [15, 20] }, [gap(0, 10, 15)], { 0: 20, 1: 0 }],
    ['comes before a gap', { 0: [10, 20] }, [gap(0, 20, 25)], { 0: 25, 1: 0 }],
    ['has a gap inside', { 0: [10, 20] }, [gap(0, 12, 15)], { 0: 20, 1: 0 }],
    ['comes with a gap of another partition', { 0: [10, 20] }, [gap(1, 0, 7)], { 0: 20, 1: 7 }],
  ] as const)('a segment that %s is taken', (_, offsets, gaps, expected) => {
    const continuation = covered(structuredClone(offsets) as never, ...gaps)

    expect(continuation).toEqual({
      kind: 'continues',
      next: new Map(
        Object.entries(expected).map(([partition, offset]) => [Number(partition), offset]),
      ),
    })
  })

  test.each([
    ['leaves a hole', { 0: [11, 20] }, []],
    ['leaves a hole after a gap', { 0: [16, 20] }, [gap(0, 10, 15)]],
    ['covers again what is covered', { 0: [9, 20] }, []],
    ['is of an unknown partition', { 2: [0, 5] }, []],
    ['comes with a gap over what is covered', { 0: [10, 20] }, [gap(0, 5, 10)]],
    ['comes before a hole and a gap', { 0: [10, 20] }, [gap(0, 21, 25)]],
  ] as const)('a segment that %s is refused', (_, offsets, gaps) => {
    expect(covered(structuredClone(offsets) as never, ...gaps).kind).toBe('breaks')
  })
})
