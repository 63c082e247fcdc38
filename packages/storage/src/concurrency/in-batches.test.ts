import { describe, expect, test } from 'vitest'
import { inBatches } from './in-batches.ts'

async function batchesOf(count: number): Promise<(readonly number[])[]> {
  const batches: (readonly number[])[] = []
  for await (const batch of inBatches(Array(count).keys(), 3)) batches.push(batch)
  return batches
}

describe('items in batches', () => {
  test.each([
    [0, []],
    [2, [[0, 1]]],
    [3, [[0, 1, 2]]],
    [7, [[0, 1, 2], [3, 4, 5], [6]]],
  ])('%i items are yielded in their order', async (count, expected) => {
    expect(await batchesOf(count)).toEqual(expected)
  })

  test('a batch is yielded before the next item is asked for', async () => {
    let asked = 0
    const items = function* (): Generator<number> {
      for (;;) yield asked++
    }
    const batches = inBatches(items(), 2)

    expect(await batches.next()).toEqual({ done: false, value: [0, 1] })
    expect(asked).toBe(2)
    await batches.return(undefined)
  })
})
