import type { CallOptions, DeleteResult } from '../backend.ts'
import { inBatches } from '../concurrency/in-batches.ts'
import { asError } from '../errors/kannery-error.ts'
import type { ObjectKey } from '../object-key.ts'

/** How many keys are deleted at the same time. */
const parallel = 16

/**
 * Implements `deleteMany` for a store that deletes one key per request. Results are in the order of
 * the keys, and a deletion that fails is the result of its key; only an aborted signal ends them.
 */
export async function* deleteEach(
  keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
  deleteOne: (key: ObjectKey) => Promise<void>,
  { signal }: CallOptions,
): AsyncGenerator<DeleteResult> {
  const tryToDelete = async (key: ObjectKey): Promise<DeleteResult> => {
    try {
      await deleteOne(key)
      return { key }
    } catch (error) {
      return { key, error: asError(error) }
    }
  }
  const deleteTogether = async (batch: readonly ObjectKey[]): Promise<readonly DeleteResult[]> => {
    signal?.throwIfAborted()
    const results = await Promise.all(batch.map(tryToDelete))
    signal?.throwIfAborted()
    return results
  }
  for await (const batch of inBatches(keys, parallel)) yield* await deleteTogether(batch)
}
