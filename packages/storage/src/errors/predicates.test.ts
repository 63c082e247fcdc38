import { describe, expect, test } from 'vitest'
import { type ErrorCode, errorAreas, errorCodes } from './error-codes.ts'
import { KanneryError } from './kannery-error.ts'
import { isBackupDamage } from './predicates.ts'

describe('damage of a backup', () => {
  test('is a fault of its index or data, and not of the storage that holds it', () => {
    const codes = Object.keys(errorCodes) as ErrorCode[]
    const damage = codes.filter((code) => isBackupDamage(new KanneryError(code, 'an error')))

    expect(damage.toSorted()).toEqual([
      'DATA_CORRUPT',
      'DATA_VERSION_UNSUPPORTED',
      'INDEX_FOREIGN',
      'INDEX_MISSING',
      'INDEX_OUTDATED',
    ])
    expect(errorAreas.storage.filter((code) => damage.includes(code))).toEqual([])
  })
})
