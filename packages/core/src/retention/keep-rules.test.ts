import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type KeepRules, pointsToKeep } from './keep-rules.ts'

const kept = (moments: readonly string[], rules: KeepRules): readonly string[] =>
  [
    ...pointsToKeep(
      moments.map((at) => ({ at })),
      rules,
    ),
  ]
    .map(({ at }) => at.slice(0, 13))
    .sort()

const twiceADay = Array.from({ length: 40 * 2 }, (_, at) =>
  new Date(Date.UTC(2026, 0, 1, 6) + at * 12 * 3_600_000).toISOString(),
)

describe('rules for keeping points', () => {
  test('daily keeps the newest of each of the last days', () => {
    expect(kept(twiceADay, { daily: 3 })).toEqual([
      '2026-02-07T18',
      '2026-02-08T18',
      '2026-02-09T18',
    ])
  })

  test('weeks end on Sunday, months and years with their last day', () => {
    // 2026-02-09 is a Monday.
    expect(kept(twiceADay, { weekly: 3 })).toEqual([
      '2026-02-01T18',
      '2026-02-08T18',
      '2026-02-09T18',
    ])
    expect(kept(twiceADay, { monthly: 5 })).toEqual(['2026-01-31T18', '2026-02-09T18'])
    expect(kept(twiceADay, { yearly: 2 })).toEqual(['2026-02-09T18'])
  })

  test('rules add up, and one point may do for several', () => {
    expect(kept(twiceADay, { last: 1, daily: 2, monthly: 1 })).toEqual([
      '2026-02-08T18',
      '2026-02-09T18',
    ])
  })

  test('days without a point do not count', () => {
    const moments = [
      '2026-01-01T00:00:00.000Z',
      '2026-03-01T00:00:00.000Z',
      '2026-09-01T00:00:00.000Z',
    ]
    expect(kept(moments, { daily: 2 })).toEqual(['2026-03-01T00', '2026-09-01T00'])
  })

  test('no rule keeps nothing; the newest is kept by any; more is never kept than asked for', () => {
    const anyMoments = fc.uniqueArray(
      fc
        .date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
        .map((at) => at.toISOString()),
      { minLength: 1, maxLength: 60 },
    )
    const anyCount = fc.integer({ min: 0, max: 5 })
    const anyRules = fc.record({
      last: anyCount,
      daily: anyCount,
      weekly: anyCount,
      monthly: anyCount,
      yearly: anyCount,
    })
    fc.assert(
      fc.property(anyMoments, anyRules, (moments, rules) => {
        const points = moments.map((at) => ({ at }))
        const chosen = pointsToKeep(points, rules)
        const most = Object.values(rules).reduce((sum, count) => sum + count, 0)
        expect(chosen.size).toBeLessThanOrEqual(most)
        const newest = points.toSorted((one, other) => (one.at < other.at ? 1 : -1))[0]
        if (newest !== undefined) expect(chosen.has(newest)).toBe(most > 0)
        // What is kept once is kept again: thinning twice takes nothing more.
        expect(pointsToKeep([...chosen], rules)).toEqual(chosen)
      }),
    )
  })
})
