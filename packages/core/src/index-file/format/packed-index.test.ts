import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbitraryIndex } from '../../../test/arbitrary-index.ts'
import { PackedIndex } from './packed-index.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What is not in use by anything is gone when it resolves. */
async function forgetUnused(): Promise<void> {
  await new Promise(setImmediate)
  collectGarbage()
}

describe('a packed index', () => {
  test('an index that was packed comes back as it was, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryIndex('orders'), async (index) => {
        const packed = new PackedIndex(structuredClone(index))
        await forgetUnused()

        expect(packed.index).toEqual(index)
      }),
      { numRuns: 30 },
    )
  })

  test('an index that is in use is not unpacked again', () => {
    const [index] = fc.sample(arbitraryIndex('orders'), 1)
    if (index === undefined) throw new Error('no sample')
    const packed = new PackedIndex(index)

    expect(packed.index).toBe(index)
  })
})
