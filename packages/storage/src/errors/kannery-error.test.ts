import { describe, expect, test } from 'vitest'
import { errorAreas, errorCodes } from './error-codes.ts'
import { KanneryError } from './kannery-error.ts'

describe('an error of Kannery', () => {
  test('is recognised if another copy of this package made it', () => {
    const brand = Symbol.for('kannery.error')
    const foreign = { [brand]: true, code: 'LEASE_LOST' }

    expect(KanneryError.is(foreign)).toBe(true)
    expect(KanneryError.is(foreign, 'LEASE_LOST')).toBe(true)
    expect(KanneryError.is(foreign, 'LEASE_HELD')).toBe(false)
    expect(KanneryError.is(new Error('LEASE_LOST'))).toBe(false)
  })
})

describe('the table of error codes', () => {
  test('every code has an exit status of its own that a shell can tell from a signal', () => {
    const statuses = Object.values(errorCodes).map((code) => code.exitStatus)

    expect(new Set(statuses).size).toBe(statuses.length)
    expect(statuses.every((status) => status > 0 && status < 126)).toBe(true)
  })

  test('every code belongs to one area', () => {
    expect(Object.values(errorAreas).flat()).toEqual(Object.keys(errorCodes))
  })
})

describe('what to do about an error', () => {
  test('is the advice of its code, with a remedy that names no front end', () => {
    expect(new KanneryError('DATA_CORRUPT', 'a chunk is damaged')).toMatchObject({
      remedy: errorCodes.DATA_CORRUPT.remedy,
      advice: { id: 'verify-backup', finding: 'damage' },
    })
  })

  test('is what the place that raised the error knows better', () => {
    const remedy = 'Put the object back.'
    const better = new KanneryError('DATA_CORRUPT', 'a chunk is damaged', { remedy })

    expect(better).toMatchObject({ remedy, advice: undefined })
  })
})

describe('a copy of an error', () => {
  const advice = { id: 'rebuild-index', topic: 'orders', state: 'missing' } as const
  const error = new KanneryError('INDEX_MISSING', 'the index is missing', {
    retry: 'after-refresh',
    why: 'segments exist',
    advice,
    facts: { topic: 'orders' },
  })

  test('keeps code, retry, message, reason and advice, and is caused by the error', () => {
    const copy = error.with({ facts: { location: 'file:///backups' } })

    expect(copy).toMatchObject({
      code: 'INDEX_MISSING',
      retry: 'after-refresh',
      message: 'the index is missing',
      why: 'segments exist',
      remedy: errorCodes.INDEX_MISSING.remedy,
      advice,
      facts: { topic: 'orders', location: 'file:///backups' },
      cause: error,
    })
  })

  test('says differently what is changed', () => {
    const cause = new Error('first')
    const copy = error.with({ message: 'two are missing', why: 'both were deleted', cause })

    expect(copy).toMatchObject({ message: 'two are missing', why: 'both were deleted', cause })
  })

  test('has no advice that contradicts a new remedy', () => {
    expect(error.with({ remedy: 'Delete the topic.' }).advice).toBeUndefined()
    expect(error.with({ remedy: 'Delete the topic.', advice }).advice).toEqual(advice)
  })
})
