import {
  type Clock,
  KanneryError,
  type ObjectKey,
  objectKey,
  type StorageBackend,
} from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { heartbeatKey, workersPrefix } from '../layout/keys.ts'
import { isUlid, type Ulid } from '../ulid/ulid.ts'
import { maxLeaseBytes, parseHeartbeatTtl } from './lease-files.ts'
import { StorageTime } from './storage-time.ts'

/** Sets which heartbeats {@link sweepHeartbeats} deletes. */
export interface SweepOptions {
  readonly clock: Clock
  /** Heartbeats that are younger are kept, whatever time to live they contain. Milliseconds. */
  readonly olderThanMs: number
  /** Only count the heartbeats, by the clock of this machine, and write nothing. */
  readonly dryRun: boolean
  /** Called for each heartbeat that cannot be read or deleted; the sweep continues. */
  readonly onFailure: (failure: KanneryError) => void
}

/** Written to learn the storage's time, and deleted at once. */
const timeKey: ObjectKey = objectKey(`${workersPrefix}__time`)
/** How many times to live a heartbeat must have been silent. */
const ttls = 2

/**
 * Deletes the heartbeats of dead workers: those that were killed, and whose leases other workers
 * took over, leave them. A worker that is still alive writes its heartbeat again.
 *
 * @returns how many heartbeats it deleted, or would delete in a dry run
 * @throws STORAGE_* when they cannot be listed
 */
export async function sweepHeartbeats(
  storage: StorageBackend,
  options: SweepOptions,
): Promise<number> {
  const { clock, olderThanMs, dryRun, onFailure } = options
  const nowMs = dryRun ? clock.now() : await new StorageTime(clock).ask(storage, timeKey, 0)
  let swept = 0
  for await (const entry of storage.list(workersPrefix, { depth: 'children' })) {
    if (entry.kind !== 'object') continue
    const { key, lastModified } = entry.info
    const name = key.slice(workersPrefix.length)
    if (!isUlid(name) || nowMs - lastModified.getTime() < olderThanMs) continue
    try {
      if (!(await isDead(storage, name, { nowMs, olderThanMs }))) continue
      if (!dryRun) await storage.delete(key)
      swept++
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      onFailure(error)
    }
  }
  return swept
}

async function isDead(
  storage: StorageBackend,
  worker: Ulid,
  { nowMs, olderThanMs }: { readonly nowMs: number; readonly olderThanMs: number },
): Promise<boolean> {
  const found = await readObject(storage, heartbeatKey(worker), { maxBytes: maxLeaseBytes })
  if (found === undefined) return false
  const silentMs = nowMs - found.info.lastModified.getTime()
  const ttlMs = parseHeartbeatTtl(found.bytes) ?? 0
  return silentMs >= Math.max(olderThanMs, ttls * ttlMs)
}
