import { describe, expect, test } from 'vitest'
import type { DeleteResult } from '../backend.ts'
import { type ObjectKey, objectKey } from '../object-key.ts'
import { deleteEach } from './delete-each.ts'

const keys = Array.from({ length: 40 }, (_, index) => objectKey(`key-${index}`))

async function collect(results: AsyncIterable<DeleteResult>): Promise<DeleteResult[]> {
  const collected: DeleteResult[] = []
  for await (const result of results) collected.push(result)
  return collected
}

describe('the deletion of keys one by one', () => {
  test('each key has a result in the order of the keys, also one that cannot be deleted', async () => {
    const deleted: ObjectKey[] = []
    const deleteOne = async (key: ObjectKey): Promise<void> => {
      if (key === 'key-3') throw new Error('denied')
      deleted.push(key)
    }
    const results = await collect(deleteEach(keys, deleteOne, {}))

    expect(results.map(({ key }) => key)).toEqual(keys)
    expect(results.filter(({ error }) => error !== undefined)).toEqual([
      { key: 'key-3', error: new Error('denied') },
    ])
    expect(deleted).toHaveLength(39)
  })

  test('a limited number of keys is deleted at a time', async () => {
    let running = 0
    let most = 0
    const deleteOne = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
    }
    await collect(deleteEach(keys, deleteOne, {}))

    expect(most).toBe(16)
  })

  test('an aborted signal ends all deletions, and is no result of a key', async () => {
    const abort = new AbortController()
    const deleted: ObjectKey[] = []
    const deleteOne = async (key: ObjectKey): Promise<void> => {
      deleted.push(key)
      if (key === 'key-20') abort.abort(new Error('enough'))
      abort.signal.throwIfAborted()
    }
    const results = deleteEach(keys, deleteOne, { signal: abort.signal })

    await expect(collect(results)).rejects.toThrow('enough')
    // Those that were on their way together.
    expect(deleted).toEqual(keys.slice(0, 32))
  })
})
