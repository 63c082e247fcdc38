import { describe, expect, test } from 'vitest'
import { Latencies } from './latencies.ts'

describe('measured latencies', () => {
  test('each operation has its count, its median and its worst of a hundred', () => {
    const latencies = new Latencies()
    const attempt = { key: 'a', requestBytes: 0, responseBytes: 0 }
    for (let durationMs = 1; durationMs <= 100; durationMs++) {
      latencies.onAttempt({ ...attempt, operation: 'put', durationMs })
    }
    latencies.onAttempt({ ...attempt, operation: 'get', durationMs: 7 })

    expect(latencies.summarize()).toEqual([
      { operation: 'put', count: 100, medianMs: 50, p99Ms: 99 },
      { operation: 'get', count: 1, medianMs: 7, p99Ms: 7 },
    ])
  })
})
