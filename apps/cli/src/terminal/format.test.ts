import { describe, expect, test } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatTable,
  formatTime,
  formatTimes,
} from './format.ts'

describe('the formats of the terminal', () => {
  test('show sizes, counts, durations and times in short forms', () => {
    expect([0, 1023, 1536, 5 * 1024 ** 3].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '5.0 GiB',
    ])
    expect(formatCount(1234567)).toBe('1,234,567')
    expect([4000, 200_000, 7_500_000].map(formatDuration)).toEqual(['4s', '3m 20s', '2h 05m'])
    expect(formatTime(1763881201001)).toBe('2025-11-23T07:00:01.001Z')
    expect(formatTime(9e15)).toBe('9000000000000000 ms')
    expect(formatTime(1_763_881_200_000_000_001n)).toBe('1763881200000000001 ms')
  })

  test('do not show a record without a time as of 1969', () => {
    expect([formatTime(-1), formatTime(-1n)]).toEqual(['no time', 'no time'])
    expect(formatTime(-2)).toBe('1969-12-31T23:59:59.998Z')
  })

  test('show what is known of record times, and mark an estimate', () => {
    expect(formatTimes({ time: null })).toBe('none')
    expect(formatTimes({ time: [1000, 2000] })).toBe(
      '1970-01-01T00:00:01.000Z .. 1970-01-01T00:00:02.000Z',
    )
    expect(formatTimes({ time: [null, 2000], estimatedLeast: 1000 })).toBe(
      '≈1970-01-01T00:00:01.000Z .. 1970-01-01T00:00:02.000Z',
    )
    expect(formatTimes({ time: [null, 2000] })).toBe('unknown .. 1970-01-01T00:00:02.000Z')
  })

  test('make a table as wide as its widest cells, without trailing blanks', () => {
    expect(
      formatTable(
        ['TOPIC', 'RECORDS'],
        [
          ['orders', '5'],
          ['a-much-longer-name', '12'],
        ],
      ),
    ).toBe('TOPIC               RECORDS\norders              5\na-much-longer-name  12')
  })
})
