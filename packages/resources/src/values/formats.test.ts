import { integer, property, assert as verify } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'
import { formatSize, parseSize } from './size.ts'
import { formatMoment, parseMoment } from './time.ts'

describe('a value that is written', () => {
  test.each([
    [formatDuration(300_000), '5m'],
    [formatDuration(90_000), '90s'],
    [formatDuration(0), '0s'],
    [formatDuration(1), '1ms'],
    [formatSize(67_108_864), '64MiB'],
    [formatSize(1_000_000_000), '1GB'],
    [formatSize(1025), '1025B'],
    [formatMoment(Date.UTC(2026, 10, 23, 10)), '2026-11-23T10:00:00.000Z'],
    [formatMoment(9_000_000_000_000_000), '9000000000000000ms'],
  ])('has the unit that a person would choose: %s', (written, expected) => {
    expect(written).toBe(expected)
  })

  test('is read as what it was', () => {
    const any = { min: 0, max: Number.MAX_SAFE_INTEGER }
    verify(
      property(integer(any), integer({ ...any, min: 1 }), (time, bytes) => {
        expect(parseDuration(formatDuration(time))).toBe(time)
        expect(parseMoment(formatMoment(time))).toBe(time)
        expect(parseSize(formatSize(bytes))).toBe(bytes)
      }),
    )
  })
})

describe('a moment of a document', () => {
  test.each(['-90m', '2026-11-23T10:00', '', '2026-02-31T10:00Z', '9999999999999999'])(
    'is not %j',
    (text) => {
      expect(() => parseMoment(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    },
  )
})
