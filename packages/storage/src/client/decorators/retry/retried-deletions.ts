import type { CallOptions, DeleteResult, StorageBackend } from '../../../backend.ts'
import { eitherSignal } from '../../../concurrency/abort-signals.ts'
import { inBatches } from '../../../concurrency/in-batches.ts'
import { KanneryError } from '../../../errors/kannery-error.ts'
import type { ObjectKey } from '../../../object-key.ts'
import { withItemTimeout } from './item-timeout.ts'
import { isRepeatable, type RetryDeadline } from './retry-deadline.ts'

/** Largest batch of any store, so that no request is sent half full. */
const batchSize = 1000

/**
 * Deletes objects, and repeats deletions that failed temporarily. A key that fails permanently, or
 * until the deadline, gets its error as its result.
 */
export async function* deletePersistently(
  storage: StorageBackend,
  keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
  options: CallOptions,
  startDeadline: () => RetryDeadline,
): AsyncGenerator<DeleteResult> {
  for await (const batch of inBatches(keys, batchSize)) {
    yield* deleteBatch(storage, batch, options, startDeadline())
  }
}

async function* deleteBatch(
  storage: StorageBackend,
  batch: readonly ObjectKey[],
  options: CallOptions,
  deadline: RetryDeadline,
): AsyncGenerator<DeleteResult> {
  const left = new Set(batch)
  while (left.size > 0) {
    const failed = new Map<ObjectKey, Error>()
    let broken: unknown
    try {
      const results = withItemTimeout(
        (over) => storage.deleteMany([...left], { signal: eitherSignal(options.signal, over) }),
        deadline,
      )
      for await (const result of results) {
        if (isRepeatable(result.error)) {
          failed.set(result.key, result.error)
          continue
        }
        left.delete(result.key)
        yield result
        deadline.renew()
      }
    } catch (error) {
      broken = error
    }
    if (left.size === 0) return
    const [firstFailure] = failed.values()
    try {
      await deadline.pauseAfter(broken ?? firstFailure ?? noResult(left))
    } catch (error) {
      if (!isRepeatable(error) || failed.size < left.size) throw error
      for (const [key, failure] of failed) yield { key, error: failure }
      return
    }
  }
}

function noResult(keys: Iterable<ObjectKey>): KanneryError {
  const [key] = keys
  return new KanneryError('INTERNAL', `the storage did not report whether this was deleted: ${key}`)
}
