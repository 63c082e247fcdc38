import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fifo } from './fifo.ts'

describe('a queue', () => {
  test('returns what an array would, in the same order', () => {
    const anyStep = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ shift: fc.nat(3000) }),
    )
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
        const fifo = new Fifo<number>()
        const array: number[] = []
        let next = 0
        for (const step of steps) {
          if ('push' in step) {
            for (let count = step.push; count > 0; count--) {
              fifo.push(next)
              array.push(next++)
            }
          } else {
            for (let count = step.shift; count > 0; count--) {
              fifo.shift()
              array.shift()
            }
          }
          expect(fifo.length).toBe(array.length)
          expect([
            fifo.at(0),
            fifo.at(7),
            fifo.at(array.length - 1),
            fifo.at(array.length),
          ]).toEqual([array[0], array[7], array[array.length - 1], undefined])
        }
      }),
    )
  })
})
