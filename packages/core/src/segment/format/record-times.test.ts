import { describe, expect, test } from 'vitest'
import { combineTimes } from './record-times.ts'

describe('the record times of several parts together', () => {
  test('are none where no part has records', () => {
    expect(combineTimes([])).toEqual({ time: null })
    expect(combineTimes([{ time: null }])).toEqual({ time: null })
  })

  test('are the least and the greatest where all are known', () => {
    expect(combineTimes([{ time: [5, 9] }, { time: null }, { time: [3, 4] }])).toEqual({
      time: [3, 9],
    })
  })

  test('have an estimated least where some part has only an estimate', () => {
    const parts = [{ time: [5, 9] }, { time: [null, 8], estimatedLeast: 4 }] as const

    expect(combineTimes(parts)).toEqual({ time: [null, 9], estimatedLeast: 4 })
  })

  test('have no least at all where some part has neither', () => {
    const parts = [{ time: [null, 7] }, { time: [null, 8], estimatedLeast: 4 }] as const

    expect(combineTimes(parts)).toEqual({ time: [null, 8] })
  })
})
