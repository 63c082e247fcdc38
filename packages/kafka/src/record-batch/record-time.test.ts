import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { saturatedTime } from './record-time.ts'

/** The times that a date can hold (ECMA-262), in milliseconds. */
const dateLimit = 8_640_000_000_000_000n
const anyInt64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 53n) - 3n, max: -(2n ** 53n) + 3n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: -dateLimit, max: dateLimit }),
)

describe('a saturated record time', () => {
  test('compares with every date as the exact time does', () => {
    const anyDate = fc.bigInt({ min: -dateLimit, max: dateLimit })
    fc.assert(
      fc.property(anyInt64, anyDate, (time, date) => {
        expect(saturatedTime(time) < Number(date)).toBe(time < date)
        expect(saturatedTime(time) > Number(date)).toBe(time > date)
      }),
    )
  })

  test('is exact up to 2^53 - 1, and never beyond', () => {
    fc.assert(
      fc.property(anyInt64, (time) => {
        const saturated = saturatedTime(time)
        expect(Number.isSafeInteger(saturated)).toBe(true)
        if (time < 2n ** 53n && time > -(2n ** 53n)) expect(BigInt(saturated)).toBe(time)
      }),
    )
  })
})
