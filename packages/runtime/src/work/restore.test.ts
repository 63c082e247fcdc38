import type { RestoreRunReport } from '@kannery/kafka'
import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { outcomeOf } from './restore.ts'

const away = new KanneryError('KAFKA_UNREACHABLE', 'no broker answers')
const denied = new KanneryError('KAFKA_DENIED', 'not allowed')
const failed = [
  { topic: 'orders', as: 'orders', error: away },
  { topic: 'payments', as: 'payments', error: denied },
]

describe('the outcome of a restore', () => {
  test('names every topic and its error if all of several topics fail early', () => {
    expect(outcomeOf({ topics: [], failed }, 2)).toMatchObject({
      report: {
        topics: [],
        failed: [
          { topic: 'orders', code: 'KAFKA_UNREACHABLE' },
          { topic: 'payments', code: 'KAFKA_DENIED' },
        ],
      },
      error: away,
    })
  })

  test('is the error itself if the only topic fails with nothing to report', () => {
    const restored: RestoreRunReport = { topics: [], failed: failed.slice(0, 1) }
    expect(() => outcomeOf(restored, 1)).toThrow(away)
  })
})
