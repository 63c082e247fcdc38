import { seededRandom, TestClock } from '@kannery/storage-testkit'
import fc from 'fast-check'
import { decodeTime, isValid } from 'ulid'
import { describe, expect, test } from 'vitest'
import { isUlid, type Ulid, UlidSource } from './ulid.ts'

function source(startMs: number, seed = 1): { ids: UlidSource; clock: TestClock } {
  const clock = new TestClock(startMs)
  return { ids: new UlidSource({ clock, random: seededRandom(seed) }), clock }
}

describe('ids of objects', () => {
  test('any reader of ULIDs finds the time of an id', async () => {
    const startMs = Date.UTC(2026, 10, 23, 7)
    const { ids, clock } = source(startMs)
    const first = ids.next()
    await clock.pass(1234)

    expect(isValid(first)).toBe(true)
    expect(decodeTime(first)).toBe(startMs)
    expect(decodeTime(ids.next())).toBe(startMs + 1234)
  })

  test('ids grow within a millisecond', () => {
    const { ids } = source(Date.UTC(2026, 10, 23, 7))
    const made = Array.from({ length: 5000 }, () => ids.next())

    expect(made).toEqual(made.toSorted())
    expect(new Set(made).size).toBe(made.length)
  })

  test('ids are greater than those of a writer whose clock was a day ahead', () => {
    const today = Date.UTC(2026, 10, 23, 7)
    const ahead = source(today + 86_400_000, 2).ids.next()
    const { ids } = source(today)

    const next = ids.next(ahead)

    expect(next > ahead).toBe(true)
    expect(ids.next() > next).toBe(true)
  })

  test('two writers that go on from the same id, with clocks behind it, make different ids', () => {
    const today = Date.UTC(2026, 10, 23, 7)
    const last = source(today + 86_400_000, 2).ids.next()

    expect(source(today, 3).ids.next(last)).not.toBe(source(today, 4).ids.next(last))
  })

  test('whatever comes after whatever is greater, and an id', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        fc.nat(2 ** 48 - 1),
        fc.nat(),
        (time, other, seed) => {
          const after = source(other, seed).ids.next()
          fc.pre(after < '7ZZZ')
          const next = source(time, seed + 1).ids.next(after)
          expect(isUlid(next)).toBe(true)
          expect(next > after).toBe(true)
        },
      ),
    )
  })

  test('after the greatest possible id there is none: an error says so, and nothing wraps around', () => {
    const { ids } = source(0)

    expect(() => ids.next('7ZZZZZZZZZZZZZZZZZZZZZZZZZ' as Ulid)).toThrow(
      expect.objectContaining({ code: 'DATA_CORRUPT' }),
    )
  })

  test.each([
    '',
    '01JD',
    '01jdc8f9v0000000000000000a',
    '8ZZZZZZZZZZZZZZZZZZZZZZZZZ',
    '01JDC8F9V0000000000000000I',
    '01JDC8F9V0000000000000000A.',
    7,
  ])('%j is not an id', (text) => {
    expect(isUlid(text)).toBe(false)
  })
})
