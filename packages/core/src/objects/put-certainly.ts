import {
  KanneryError,
  type ObjectKey,
  type PutOptions,
  type ReadObject,
  readObject,
  type StorageBackend,
  type StoredObject,
} from '@kannery/storage'

/** The most bytes that any object but a segment has: it is written and read as a whole. */
export const maxWholeObjectBytes: number = 16 * 1024 * 1024

export type PutOutcome =
  | { readonly kind: 'written'; readonly info: StoredObject }
  /**
   * The condition did not hold, and what is there (undefined: nothing) is not what was to be
   * written.
   */
  | { readonly kind: 'refused'; readonly found: ReadObject | undefined }

export interface Persistence {
  /** How often to send it again, beside what the storage's own decorators do. */
  readonly maxResends: number
  /** Throws when it is too late to do so. */
  readonly assertMayResend?: () => void
}

/**
 * Writes `body`, which no other writer can write, and finds out what became of it: whoever never
 * got an answer looks, and sends the same again while the condition still holds. The same bytes
 * there prove that it was us.
 *
 * @throws STORAGE_OUTCOME_UNKNOWN when it remains unknown: `body` may still land.
 *   STORAGE_NOT_DURABLE when it
 * is there and may be lost again. Other STORAGE_* as the storage says.
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
      if (!unknown && !isRefusal(error)) throw error
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
    const limits = { maxBytes: maxWholeObjectBytes, ...(signal === undefined ? {} : { signal }) }
    return await readObject(storage, key, limits)
  } catch (error) {
    if (KanneryError.is(error, 'STORAGE_NOT_DURABLE')) throw error
    // What was unknown stays unknown; a refusal without a look says nothing about who was there
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

function isRefusal(error: unknown): boolean {
  return (
    KanneryError.is(error, 'STORAGE_ALREADY_EXISTS') ||
    KanneryError.is(error, 'STORAGE_PRECONDITION_FAILED')
  )
}
