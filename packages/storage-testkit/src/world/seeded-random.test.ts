import { describe, expect, test } from 'vitest'
import { seededRandom } from './seeded-random.ts'

describe('a seeded random source', () => {
  test('the same seed gives the same numbers', () => {
    expect(seededRandom(7).bytes(64)).toEqual(seededRandom(7).bytes(64))
    expect(seededRandom(7).bytes(64)).not.toEqual(seededRandom(8).bytes(64))
  })

  test('a fork is not changed by what its parent is asked later', () => {
    const [first, second] = [seededRandom(1), seededRandom(1)]
    const [left, right] = [first.fork(), second.fork()]
    second.bytes(100)

    expect(left.bytes(16)).toEqual(right.bytes(16))
  })

  test('numbers are spread evenly', () => {
    const random = seededRandom(42)
    const counts = [0, 0, 0, 0, 0]
    for (let draw = 0; draw < 50_000; draw++) {
      const drawn = random.below(counts.length)
      counts[drawn] = (counts[drawn] ?? 0) + 1
    }

    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })
})
