import { KanneryError, type ObjectVersion, type StorageBackend } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { topicKeys } from '../layout/keys.ts'
import { topicFolders } from '../layout/list-topics.ts'
import { isOfOneTopic } from '../layout/still-answers.ts'
import { describeHolder } from './acquire-lease.ts'
import type { Holder } from './errors.ts'
import { type Lease, maxLeaseBytes, parseLease } from './lease-files.ts'
import { markReleased } from './release-lease.ts'
import { defaultLeaseTiming } from './timing.ts'

/**
 * Lists the holders of leases in the storage's order of topics, also of topics without a backup and
 * of leases that are orphans. Writes nothing. Folders that cannot be read are reported to
 * `onUnreadable` and skipped; without it, the first such error is thrown.
 *
 * @throws STORAGE_*
 */
export async function* listLeases(
  storage: StorageBackend,
  onUnreadable?: (topic: string, error: KanneryError) => void,
): AsyncGenerator<Holder> {
  for await (const topic of topicFolders(storage)) {
    try {
      const held = await readLease(storage, topic)
      if (held !== undefined) yield held.holder
    } catch (error) {
      if (onUnreadable === undefined || !KanneryError.is(error)) throw error
      if (!(await isOfOneTopic(storage, error))) throw error
      onUnreadable(topic, error)
    }
  }
}

/**
 * Breaks the lease on a topic whose holder is known to be dead, without waiting until the lease is
 * an orphan. If the holder is still alive, the epoch of the next writer prevents it from
 * committing.
 *
 * @returns the holder; undefined when the lease was free or has changed meanwhile
 *
 * @throws STORAGE_*
 */
export async function breakLease(
  storage: StorageBackend,
  topic: string,
): Promise<Holder | undefined> {
  const held = await readLease(storage, topic)
  if (held === undefined) return undefined
  const { ifVersionDelete, ifAbsentAfterDelete } = storage.capabilities
  const key = topicKeys(topic).lease
  try {
    // A lease that cannot be read cannot be marked: it is deleted, and replaced by the next writer.
    if (!ifAbsentAfterDelete && held.lease !== undefined) {
      const { lease, version } = held
      return (await markReleased(storage, key, { lease, version })) ? held.holder : undefined
    }
    await storage.delete(key, ifVersionDelete ? { ifVersion: held.version } : {})
  } catch (error) {
    // Another worker has acquired it: that lease was not the one to break.
    if (KanneryError.is(error, 'STORAGE_PRECONDITION_FAILED')) return undefined
    throw error
  }
  return held.holder
}

/**
 * Returns the holder of the lease on a topic, also of one that is an orphan; undefined when the
 * topic is free. Writes nothing.
 *
 * @throws STORAGE_*
 */
export async function readHolder(
  storage: StorageBackend,
  topic: string,
): Promise<Holder | undefined> {
  return (await readLease(storage, topic))?.holder
}

interface FoundLease {
  readonly holder: Holder
  readonly version: ObjectVersion
  /** The content of the lease; undefined for a lease that Kannery did not write. */
  readonly lease: Lease | undefined
}

async function readLease(storage: StorageBackend, topic: string): Promise<FoundLease | undefined> {
  const key = topicKeys(topic).lease
  const found = await readObject(storage, key, { maxBytes: maxLeaseBytes })
  if (found === undefined) return undefined
  const { info } = found
  const lease = parseLease(found.bytes)
  if (lease?.state === 'released') return undefined
  const holder = await describeHolder({ storage, timing: defaultLeaseTiming }, topic, {
    info,
    lease,
  })
  return { holder, version: info.version, lease }
}
