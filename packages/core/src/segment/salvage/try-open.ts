import {
  type CallOptions,
  KanneryError,
  type ObjectKey,
  type StorageBackend,
} from '@kannery/storage'
import { type Damage, damageOf } from '../format/damage.ts'
import { openSegment, type SegmentReader } from '../reader.ts'
import { ObjectWindow } from './object-window.ts'

/** A segment that was opened, or that can only be scanned. */
export type Opened =
  | { readonly kind: 'open'; readonly reader: SegmentReader }
  /** The footer cannot be used; `window` gives access to the rest. */
  | { readonly kind: 'damaged'; readonly damage: Damage; readonly window: ObjectWindow }

/**
 * Opens a segment, also one whose footer is damaged.
 *
 * @throws what {@link openSegment} throws, except DATA_CORRUPT
 */
export async function tryOpen(
  storage: StorageBackend,
  key: ObjectKey,
  options: CallOptions,
): Promise<Opened> {
  try {
    return { kind: 'open', reader: await openSegment(storage, { key }, options) }
  } catch (error) {
    const damage = damageOf(error)
    if (damage === undefined) throw error
    const info = await storage.head(key, options)
    if (info === undefined) throw deletedMeanwhile(key)
    return { kind: 'damaged', damage, window: new ObjectWindow(storage, info, options) }
  }
}

function deletedMeanwhile(key: string): KanneryError {
  return new KanneryError('STORAGE_NOT_FOUND', `deleted while it was read: ${key}`, {
    facts: { key },
  })
}
