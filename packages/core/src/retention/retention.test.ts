import { describe, expect, test } from 'vitest'
import { days } from '../../test/fixtures.ts'
import { decodeRetention, encodeRetention, expiryOf, parseRetention } from './retention.ts'

const now = Date.parse('2026-11-23T07:00:00.000Z')
const month = parseRetention('30d')
const after = (ms: number): string => new Date(now + ms).toISOString()

describe('a retention', () => {
  test.each([
    ['30d', days(30)],
    ['12h', 43_200_000],
    ['1w12h', days(7) + 43_200_000],
    ['1y', days(365)],
    ['1500us', 1],
    ['2000000ns', 2],
  ])('a retention of %s is %d ms', (text, afterMs) => {
    const retention = parseRetention(text)
    expect(retention).toEqual({ kind: 'delete', after: text, afterMs })
    expect(decodeRetention(encodeRetention(retention))).toEqual(retention)
  })

  test.each(['', '0d', '10ns', '30', 'd', '30 d', '-1d', '1.5d', '2000y', '30d!'])(
    '%j is no retention',
    (text) => {
      expect(() => parseRetention(text)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      )
    },
  )

  test('what is kept never expires', () => {
    expect(decodeRetention(encodeRetention(parseRetention('keep')))).toEqual({ kind: 'keep' })
    expect(expiryOf(parseRetention('keep'), [0, 0], now)).toBeNull()
  })

  test('a fresh backup of old records expires a retention after it was stored', () => {
    expect(expiryOf(month, [0, now - days(400)], now)).toBe(after(days(30)))
    expect(expiryOf(month, null, now)).toBe(after(days(30)))
  })

  test('records a little ahead of the storage are kept for their own time, absurd ones are not believed', () => {
    expect(expiryOf(month, [0, now + days(0.5)], now)).toBe(after(days(30.5)))
    expect(expiryOf(month, [0, Number.MAX_SAFE_INTEGER], now)).toBe(after(days(30)))
  })
})
