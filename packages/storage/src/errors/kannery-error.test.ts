import { expect, test } from 'vitest'
import { errorCodes, KanneryError } from './kannery-error.ts'

test('an error of another copy of this package is recognised', () => {
  const brand = Symbol.for('kannery.error')
  const foreign = { [brand]: true, code: 'LEASE_LOST' }

  expect(KanneryError.is(foreign)).toBe(true)
  expect(KanneryError.is(foreign, 'LEASE_LOST')).toBe(true)
  expect(KanneryError.is(foreign, 'LEASE_HELD')).toBe(false)
  expect(KanneryError.is(new Error('LEASE_LOST'))).toBe(false)
})

test('every code has an exit status of its own that a shell can tell from a signal', () => {
  const statuses = Object.values(errorCodes).map((code) => code.exitStatus)

  expect(new Set(statuses).size).toBe(statuses.length)
  expect(statuses.every((status) => status > 0 && status < 126)).toBe(true)
})
