import { describe, expect, test } from 'vitest'
import { parseDuration } from './duration.ts'
import { parseSize } from './size.ts'
import { parseTime } from './time.ts'

const invalid = expect.objectContaining({ code: 'CONFIG_INVALID' })

describe('values of documents and options', () => {
  test.each([
    ['64MiB', 67_108_864],
    ['64 MiB', 67_108_864],
    ['1GB', 1_000_000_000],
    ['4096', 4096],
  ])('reads the size %j', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', '0', '-1', '1.5GB', '64mib', '64M', 'MiB', '9999999999999GiB', '1e3'])(
    'refuses the size %j',
    (text) => {
      expect(() => parseSize(text)).toThrow(invalid)
    },
  )

  test.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['30d', 2_592_000_000],
  ])('reads the duration %j', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  test.each(['', '5', 'm', '5 m', '5M', '-5m', '1h30', '1.5h'])(
    'refuses the duration %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(invalid)
    },
  )

  test.each([
    ['2026-11-23', Date.UTC(2026, 10, 23)],
    ['2026-11-23T10:00Z', Date.UTC(2026, 10, 23, 10)],
    ['2026-11-23T11:00:30.5+01:00', Date.UTC(2026, 10, 23, 10, 0, 30, 500)],
    ['-90m', 1_000_000_000_000 - 5_400_000],
    ['1763881201001', 1_763_881_201_001],
    ['0ms', 0],
    ['2028-02-29T23:59:59Z', Date.UTC(2028, 1, 29, 23, 59, 59)],
    ['8640000000000000ms', 8.64e15],
  ])('reads the time %j', (text, milliseconds) => {
    expect(parseTime(text, 1_000_000_000_000)).toBe(milliseconds)
  })

  test.each([
    '',
    'yesterday',
    '2026',
    '20261123',
    '1763881201',
    '2026-13-01',
    '2026-02-31',
    '2026-02-29',
    '2026-04-31T00:00+01:00',
    '2026-11-23T10:60Z',
    '2026-11-23T10:00+24:00',
    '9000000000000000',
    '9999999999999999ms',
    '-99999d',
    '2026-11-23T10:00',
    '23.11.2026',
    '10:00',
  ])('refuses the time %j', (text) => {
    expect(() => parseTime(text, 0)).toThrow(invalid)
  })
})
