import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../test/batches.ts'
import { type BatchHeader, walkBatches } from '../record-batch/header.ts'
import { abortedTransactions } from './aborted.ts'

function header(at: number, producer?: bigint): BatchHeader {
  const [only] = walkBatches(brokerBatch({ at, ...(producer === undefined ? {} : { producer }) }))
  if (only === undefined) throw new Error('no batch')
  return only
}

describe('the aborted transactions of a segment', () => {
  test('a producer that aborts twice commits what lies between', () => {
    const isAborted = abortedTransactions([
      { partition: 0, producerId: '7', first: 20, marker: 25 },
      { partition: 0, producerId: '7', first: 5, marker: 9 },
    ])
    const aborted = Array.from({ length: 30 }, (_, at) => at).filter((at) =>
      isAborted(0, header(at, 7n)),
    )
    expect(aborted).toEqual([5, 6, 7, 8, 20, 21, 22, 23, 24])
  })

  test('other producers, other partitions and plain batches are not touched', () => {
    const isAborted = abortedTransactions([{ partition: 0, producerId: '7', first: 0, marker: 9 }])
    expect(isAborted(0, header(3, 8n))).toBe(false)
    expect(isAborted(1, header(3, 7n))).toBe(false)
    expect(isAborted(0, header(3))).toBe(false)
  })

  test('a producer id beyond 2^53 is not mistaken for its neighbour', () => {
    const isAborted = abortedTransactions([
      { partition: 0, producerId: '9007199254740993', first: 0, marker: 9 },
    ])
    expect(isAborted(0, header(3, 9_007_199_254_740_993n))).toBe(true)
    expect(isAborted(0, header(3, 9_007_199_254_740_992n))).toBe(false)
  })

  test('many ranges in any order, also overlapping ones, decide as one by one', () => {
    const anyRange = fc.record({
      partition: fc.constant(0),
      producerId: fc.constantFrom('1', '2'),
      first: fc.nat(40),
      marker: fc.nat(60),
    })
    fc.assert(
      fc.property(fc.array(anyRange), (ranges) => {
        const isAborted = abortedTransactions(ranges)
        for (let at = 0; at < 60; at += 3) {
          const expected = ranges.some(
            ({ producerId, first, marker }) => producerId === '1' && first <= at && at < marker,
          )
          expect(isAborted(0, header(at, 1n))).toBe(expected)
        }
      }),
    )
  })
})
