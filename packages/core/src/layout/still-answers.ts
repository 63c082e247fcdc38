import {
  type ErrorCode,
  isBackupDamage,
  KanneryError,
  keyPrefix,
  type StorageBackend,
} from '@kannery/storage'
import { topicKeys } from './keys.ts'

/**
 * Codes of errors that a storage may return for one object or folder while it serves all others,
 * for example because of a bad sector, a link or a permission.
 */
const mayBeOfOne: ReadonlySet<ErrorCode> = new Set([
  'STORAGE_DENIED',
  'STORAGE_UNAVAILABLE',
  'STORAGE_UNSUPPORTED',
])

/**
 * Whether `error` concerns one object of the topic and not the whole storage. Finds out by asking
 * the storage for the topic's index.
 */
export async function isOfOneObject(
  storage: StorageBackend,
  topic: string,
  error: unknown,
): Promise<boolean> {
  return await isOfOne(error, async () => {
    await storage.head(topicKeys(topic).index)
  })
}

/**
 * Whether `error` concerns one topic and not the whole storage. Finds out by listing the storage's
 * topics.
 */
export async function isOfOneTopic(storage: StorageBackend, error: unknown): Promise<boolean> {
  if (isBackupDamage(error) || KanneryError.is(error, 'LEASE_HELD', 'LEASE_LOST')) return true
  return await isOfOne(error, async () => {
    for await (const _entry of storage.list(keyPrefix(''), { depth: 'children' })) return
  })
}

async function isOfOne(error: unknown, look: () => Promise<void>): Promise<boolean> {
  if (!KanneryError.is(error) || !mayBeOfOne.has(error.code)) return false
  try {
    await look()
    return true
  } catch (failed) {
    if (KanneryError.is(failed)) return false
    throw failed
  }
}
