import { isChangedInMemory } from '@kannery/core/segment'
import { KanneryError } from '@kannery/storage'
import { checkBatch, walkBatches } from '../../record-batch/header.ts'

/**
 * Whether an error says that batches are not what their producers wrote. They changed at the
 * broker, on the way, or in memory: fetched again, they may be whole.
 */
export function isDamage(error: unknown): error is KanneryError {
  return KanneryError.is(error, 'KAFKA_DATA_CORRUPT') || isChangedInMemory(error)
}

/**
 * Explains why a chunk of whole batches could not be encoded or written: names the first batch
 * whose checksum is wrong, if there is one. Otherwise returns `error`.
 */
export function explainDamage(error: unknown, raw: Uint8Array, partition: number): unknown {
  try {
    for (const header of walkBatches(raw)) checkBatch(raw, header)
    return error
  } catch (damage) {
    return KanneryError.is(damage) ? damage.with({ facts: { partition } }) : error
  }
}
