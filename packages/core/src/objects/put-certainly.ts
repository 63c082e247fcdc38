import {
  isConflict,
  KanneryError,
  type ObjectKey,
  type PutOptions,
  type StorageBackend,
  type StoredObject,
} from '@kannery/storage'
import { type ReadObject, readObject } from '@kannery/storage/client'

/** The most bytes that any object but a segment has: it is written and read as a whole. */
export const maxWholeObjectBytes: number = 16 * 1024 * 1024

/** What became of a write under a condition. */
export type PutOutcome =
  | { readonly kind: 'written'; readonly info: StoredObject }
  /**
   * The condition did not hold, and `found` is another object than `body`; undefined: there is
   * none.
   */
  | { readonly kind: 'refused'; readonly found: ReadObject | undefined }

/** How persistently a write without an answer is repeated. */
export interface Persistence {
  /** How often the object is sent again, in addition to the retries of the storage's decorators. */
  readonly maxResends: number
  /** Called before the object is sent again; throws when it is too late for that. */
  readonly assertMayResend?: () => void
}

/**
 * Writes `body` and finds out whether it was written, also when the storage's answer was lost. In
 * that case the object is read, and `body` is sent again while the condition still holds. No other
 * writer writes the same bytes, so finding them proves that this write succeeded.
 *
 * @throws STORAGE_OUTCOME_UNKNOWN when the outcome remains unknown and `body` may still arrive;
 *   STORAGE_NOT_DURABLE when the object is written and may be lost again; other STORAGE_* of the
 *   storage
 */
export async function putCertainly(
  storage: StorageBackend,
  key: ObjectKey,
  body: Uint8Array,
  options: PutOptions,
  { maxResends, assertMayResend }: Persistence = { maxResends: 3 },
): Promise<PutOutcome> {
  for (let resends = 0; ; resends++) {
    try {
      return { kind: 'written', info: await storage.put(key, body, options) }
    } catch (error) {
      const unknown = KanneryError.is(error, 'STORAGE_OUTCOME_UNKNOWN')
      if (!unknown && !isConflict(error)) throw error
      const found = await look(storage, key, options, error)
      if (found !== undefined && Buffer.compare(found.bytes, body) === 0) {
        return { kind: 'written', info: found.info }
      }
      if (!unknown || !mayStillLand(options, found)) return { kind: 'refused', found }
      if (resends === maxResends) throw error
      assertMayResend?.()
    }
  }
}

async function look(
  storage: StorageBackend,
  key: ObjectKey,
  { signal }: PutOptions,
  reason: unknown,
): Promise<ReadObject | undefined> {
  try {
    return await readObject(storage, key, { maxBytes: maxWholeObjectBytes, signal })
  } catch (error) {
    if (KanneryError.is(error, 'STORAGE_NOT_DURABLE')) throw error
    // An unknown outcome stays unknown. A refusal without a read does not show which writer was
    // first.
    throw KanneryError.is(reason, 'STORAGE_OUTCOME_UNKNOWN') ? reason : error
  }
}

function mayStillLand({ condition }: PutOptions, found: ReadObject | undefined): boolean {
  switch (condition.kind) {
    case 'overwrite':
      return true
    case 'if-absent':
      return found === undefined
    case 'if-version':
      return found?.info.version === condition.version
  }
}
