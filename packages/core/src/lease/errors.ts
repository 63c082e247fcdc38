import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'

/** Who holds a lease, by the storage's clock. */
export interface Holder {
  readonly topic: string
  /** Who it is, in its own words. */
  readonly holder: string
  readonly since: Date
  readonly lastSeen: Date
  /** When it counts as an orphan unless its heartbeat is renewed until then. */
  readonly orphanedAt: Date
}

export function leaseHeld(storage: StorageBackend, holder: Holder, nowMs: number): KanneryError {
  const { topic, since, lastSeen, orphanedAt } = holder
  const place = storage.location ?? 'this storage'
  const time = (date: Date): string => date.toISOString().replace('T', ' ').slice(0, 19)
  const seconds = Math.max(0, Math.round((nowMs - since.getTime()) / 1000))
  return new KanneryError('LEASE_HELD', 'resource already held by someone else', {
    retry: 'after-refresh',
    why: [
      `topic "${topic}" in ${place} is being written by ${holder.holder} since ${time(since)} UTC (${seconds} s ago)`,
      `it counts as orphaned at ${time(orphanedAt)} UTC unless it renews its heartbeat, and is then taken over automatically`,
    ].join('\n'),
    advice: { id: 'wait-or-break-lease', topic, storage: storage.location },
    facts: {
      topic,
      location: storage.location,
      holder: holder.holder,
      since: since.toISOString(),
      lastSeen: lastSeen.toISOString(),
      orphanedAt: orphanedAt.toISOString(),
    },
  })
}

/**
 * This writer must not commit any more. To write again, acquire the topic again.
 */
export function leaseLost(topic: string, why: string, cause?: unknown): KanneryError {
  return new KanneryError('LEASE_LOST', `the lease on topic "${topic}" is lost`, {
    retry: 'after-refresh',
    why,
    facts: { topic },
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * Each time it seemed to be possible, and then was not: others are faster, or the storage
 * contradicts itself.
 */
export function contended(storage: StorageBackend, what: string): KanneryError {
  return new KanneryError('STORAGE_UNAVAILABLE', `${what} cannot be written`, {
    retry: 'after-refresh',
    why: 'again and again it had changed when it was to be replaced',
    facts: { location: storage.location },
  })
}

/**
 * An index was deleted, and the storage takes the marker of that for an object. Written in its
 * place it could overwrite another's.
 */
export function notCreatedAgain(storage: StorageBackend, key: ObjectKey): KanneryError {
  return new KanneryError('STORAGE_UNSUPPORTED', `this storage does not create ${key} again`, {
    why: 'it was deleted from a versioned bucket, and this storage takes the marker of that for an object',
    remedy: `Delete all versions of ${key}, or use another prefix.`,
    facts: { location: storage.location, key },
  })
}

export function foreignCluster(topic: string, found: string, ours: string): KanneryError {
  return new KanneryError('INDEX_FOREIGN', `the backup of topic "${topic}" is of another cluster`, {
    why: `it was made from Kafka cluster ${found}; this is cluster ${ours}`,
    remedy: 'Back this cluster up under another prefix.',
    facts: { topic, found, cluster: ours },
  })
}
