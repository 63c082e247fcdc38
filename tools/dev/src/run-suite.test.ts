import { describe, expect, test } from 'vitest'
import { judge } from './run-suite.ts'

const green = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  success: true,
}

describe('a suite', () => {
  test('passes when all its tests do', () => {
    expect(judge('core', { status: 0, report: green, minutes: 1 })).toEqual({
      name: 'core',
      passed: 3,
      failed: 0,
      minutes: 1,
    })
  })

  test.each([
    ['a test fails', 1, { ...green, numPassedTests: 2, numFailedTests: 1, success: false }],
    ['it ran no test', 0, { ...green, numPassedTests: 0 }],
    ['a test is skipped', 0, { ...green, numPendingTests: 1 }],
    ['a test is only planned', 0, { ...green, numTodoTests: 1 }],
    ['a file does not load', 1, { ...green, success: false }],
    ['something is thrown beside the tests', 1, green],
    ['vitest dies without a report', 137, null],
  ])('fails when %s', (_, status, report) => {
    expect(judge('core', { status, report, minutes: 1 }).failed).toBeGreaterThan(0)
  })
})
