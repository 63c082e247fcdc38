import { describe, expect, test } from 'vitest'
import { type BatchSketch, brokerBatch } from '../../../test/batches.ts'
import type { AbortedTransaction } from '../../protocol/fetch.ts'
import { walkBatches } from '../../record-batch/header.ts'
import { AbortedBatches } from './aborted-batches.ts'

function observed(
  aborted: readonly AbortedTransaction[],
  sketches: readonly BatchSketch[],
): readonly (string | undefined)[] {
  const buffer = Buffer.concat(sketches.map(brokerBatch))
  const batches = new AbortedBatches(aborted)
  return [...walkBatches(buffer)].map((header) => {
    const part = batches.observe(buffer, header)
    if (part === undefined) return undefined
    const end = part.marker === undefined ? '' : ` ends ${part.marker}`
    return `${part.producerId} from ${part.first}${end}`
  })
}

describe('batches of aborted transactions', () => {
  test('are found between the first offset and the marker, among batches of others', () => {
    expect(
      observed(
        [{ producerId: 7n, firstOffset: 1 }],
        [
          { at: 0 },
          { at: 1, producer: 7n, records: 2 },
          { at: 3, producer: 8n },
          { at: 4 },
          { at: 5, producer: 7n },
          { at: 6, producer: 7n, marker: 'abort' },
          { at: 7, producer: 8n, marker: 'commit' },
          { at: 8, producer: 7n },
        ],
      ),
    ).toEqual([
      undefined,
      '7 from 1',
      undefined,
      undefined,
      '7 from 1',
      '7 from 1 ends 6',
      undefined,
      undefined,
    ])
  })

  test('are distinguished when one producer aborts twice and commits in between', () => {
    expect(
      observed(
        [
          { producerId: 7n, firstOffset: 4 },
          { producerId: 7n, firstOffset: 0 },
        ],
        [
          { at: 0, producer: 7n },
          { at: 1, producer: 7n, marker: 'abort' },
          { at: 2, producer: 7n },
          { at: 3, producer: 7n, marker: 'commit' },
          { at: 4, producer: 7n },
          { at: 5, producer: 7n, marker: 'abort' },
        ],
      ),
    ).toEqual(['7 from 0', '7 from 0 ends 1', undefined, undefined, '7 from 4', '7 from 4 ends 5'])
  })

  test('are found when the answer begins inside the transaction and ends before its marker', () => {
    const aborted = [{ producerId: 7n, firstOffset: 2 }]
    expect(observed(aborted, [{ at: 6, producer: 7n }])).toEqual(['7 from 2'])
    expect(observed(aborted, [{ at: 9, producer: 7n, marker: 'abort' }])).toEqual([
      '7 from 2 ends 9',
    ])
  })
})
