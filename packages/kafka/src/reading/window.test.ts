import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isInWindow, shareInWindow } from './window.ts'

const anyTime = fc.integer({ min: -3, max: 12 })
const anyWindow = fc.record({ sinceMs: anyTime, untilMs: anyTime }, { requiredKeys: [] })

describe('the window of a restore', () => {
  test('a share agrees with every single timestamp', () => {
    fc.assert(
      fc.property(anyWindow, fc.array(anyTime, { minLength: 1 }), (window, times) => {
        const range = [Math.min(...times), Math.max(...times)] as const
        const inside = times.filter((time) => isInWindow(window, BigInt(time))).length
        switch (shareInWindow(window, range)) {
          case 'all':
            expect(inside).toBe(times.length)
            break
          case 'none':
            expect(inside).toBe(0)
            break
          case 'some':
            // Those at the ends are in the range, whatever lies between.
            expect(times.length === inside && times.length === 1).toBe(false)
        }
      }),
    )
  })

  test('an unknown least timestamp excludes nothing, and vouches for nothing', () => {
    expect(shareInWindow({ untilMs: 5 }, [null, 9])).toBe('some')
    expect(shareInWindow({ untilMs: 10 }, [null, 9])).toBe('all')
    expect(shareInWindow({ sinceMs: 9 }, [null, 9])).toBe('some')
    expect(shareInWindow({ sinceMs: 10 }, [null, 9])).toBe('none')
    expect(shareInWindow({}, [null, 9])).toBe('all')
  })

  test('since is inclusive, until exclusive', () => {
    expect(isInWindow({ sinceMs: 5 }, 5n)).toBe(true)
    expect(isInWindow({ untilMs: 5 }, 5n)).toBe(false)
    expect(isInWindow({ sinceMs: 0 }, -1n)).toBe(false)
  })
})
