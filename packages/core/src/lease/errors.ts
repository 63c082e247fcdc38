import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'

/** Describes the writer that holds the lease on a topic. Its times are by the storage's clock. */
export interface Holder {
  readonly topic: string
  /** The holder's description of itself, or a phrase for a lease that Kannery did not write. */
  readonly holder: string
  /** When the lease was last written, which its holder does once. */
  readonly since: Date
  /** When the lease or the heartbeat of its holder was last written, whichever is later. */
  readonly lastSeen: Date
  /** When the lease counts as an orphan, unless the heartbeat is renewed before. */
  readonly orphanedAt: Date
}

/** Makes the error for a topic that another worker writes. */
export function leaseHeld(storage: StorageBackend, holder: Holder, nowMs: number): KanneryError {
  const { topic, since, lastSeen, orphanedAt } = holder
  const place = storage.location ?? 'this storage'
  const time = (date: Date): string => date.toISOString().replace('T', ' ').slice(0, 19)
  const seconds = Math.max(0, Math.round((nowMs - since.getTime()) / 1000))
  return new KanneryError('LEASE_HELD', 'resource already held by someone else', {
    retry: 'after-refresh',
    why: [
      `topic "${topic}" in ${place} has been written by ${holder.holder} since ${time(since)} UTC (${seconds} s ago)`,
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

/** Makes the error for a writer that must acquire the topic again before it may commit. */
export function leaseLost(topic: string, why: string, cause?: unknown): KanneryError {
  return new KanneryError('LEASE_LOST', `the lease on topic "${topic}" is lost`, {
    retry: 'after-refresh',
    why,
    facts: { topic },
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * Makes the error for an object that changed before each attempt to replace it: other writers are
 * faster, or the storage contradicts itself.
 */
export function contended(storage: StorageBackend, what: string): KanneryError {
  return new KanneryError('STORAGE_UNAVAILABLE', `${what} cannot be written`, {
    retry: 'after-refresh',
    why: 'each attempt to replace it found that it had changed since it was read',
    facts: { location: storage.location },
  })
}

/**
 * Makes the error for an index that was deleted, when the storage takes the marker of the deletion
 * for an object. Writing over the marker could overwrite the index of another writer.
 */
export function notCreatedAgain(storage: StorageBackend, key: ObjectKey): KanneryError {
  return new KanneryError('STORAGE_UNSUPPORTED', `this storage does not create ${key} again`, {
    why: 'it was deleted from a versioned bucket, and this storage takes the marker of that for an object',
    remedy: `Delete all versions of ${key}, or use another prefix.`,
    facts: { location: storage.location, key },
  })
}

/** Makes the error for a topic whose backup was made from another Kafka cluster. */
export function foreignCluster(topic: string, found: string, ours: string): KanneryError {
  return new KanneryError('INDEX_FOREIGN', `the backup of topic "${topic}" is of another cluster`, {
    why: `it was made from Kafka cluster ${found}; this is cluster ${ours}`,
    remedy: 'Back this cluster up under another prefix.',
    facts: { topic, found, cluster: ours },
  })
}
