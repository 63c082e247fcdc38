import type { CallOptions, DeleteResult } from '../backend.ts'
import { inBatches } from '../concurrency/in-batches.ts'
import { asError } from '../errors/kannery-error.ts'
import type { ObjectKey } from '../object-key.ts'

/** Number of keys that are deleted at the same time. */
const parallel = 16

/**
 * Deletes keys one per request, up to 16 at the same time: an implementation of `deleteMany` for a
 * store that has no batches. Yields a result per key, in the order of the keys. A deletion that
 * fails is the result of its key; only an aborted signal, and an error of `keys`, end the rest.
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
