import { describe, expect, test } from 'vitest'
import { collectionSeconds } from './collection-share.ts'

describe('the trace of collections', () => {
  test('adds up pauses and the steps before them, and nothing else', () => {
    const trace = [
      'topic "orders": 12.5 / 13.0 ms',
      '[12396:0x1be94000]      102 ms: Scavenge 4.7 (5.0) -> 4.3 (6.0) MB, pooled: 0 MB, 1.01 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; ',
      '[12396:0x1be94000]      982 ms: Mark-Compact 56.1 (110.9) -> 44.2 (109.0) MB, pooled: 0 MB, 99.99 / 0.00 ms  (+ 211.0 ms in 626 steps since start of marking, biggest step 14.3 ms, walltime since start of marking 328 ms) (average mu = 0.691, current mu = 0.691) finalize incremental marking via task; GC in old space requested',
      '[12396:0x1be95000]      990 ms: Mark-Compact (reduce) 5.1 (10.9) -> 4.2 (9.0) MB, pooled: 0 MB, 8.00 / 0.00 ms  (average mu = 0.691, current mu = 0.691) external memory pressure; GC in old space requested',
    ].join('\n')

    expect(collectionSeconds(trace)).toBeCloseTo(0.32, 6)
  })
})
