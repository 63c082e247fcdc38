import { breakLease, type Holder, listLeases, readHolder } from '@kannery/core/lease'
import { KanneryError } from '@kannery/storage'
import { locationOf } from '../storage/configured-backend.ts'
import { openStorage, openWritableStorage, type StorageLocation } from '../storage/open-storage.ts'
import { type FailedTopic, failedTopic, type Outcome } from './topics/outcome.ts'

/** The lease of the writer of a topic's backup. Times are ISO 8601, by the storage's clock. */
export interface BackupLease {
  readonly topic: string
  /** Name of the writer, as it describes itself. */
  readonly holder: string
  readonly since: string
  readonly lastSeen: string
  /** Time from which another backup may take it over. */
  readonly orphanedAt: string
}

/** The leases of a storage. */
export interface BackupLeases {
  readonly leases: readonly BackupLease[]
  /** Topics whose leases cannot be read. */
  readonly failed: readonly FailedTopic[]
}

/** Lists the leases of all topics that have a writer. */
export async function listBackupLeases(location: StorageLocation): Promise<Outcome<BackupLeases>> {
  await using storage = await openStorage(location)
  const leases: BackupLease[] = []
  const failed: FailedTopic[] = []
  let error: KanneryError | undefined
  const holders = listLeases(storage, (topic, unreadable) => {
    failed.push(failedTopic(topic, unreadable))
    error ??= unreadable
  })
  for await (const holder of holders) leases.push(describe(holder))
  return { report: { leases, failed }, error }
}

/**
 * Finds the lease on a topic.
 *
 * @throws STORAGE_NOT_FOUND when there is none
 */
export async function findBackupLease(
  location: StorageLocation,
  topic: string,
): Promise<BackupLease> {
  await using storage = await openStorage(location)
  const holder = await readHolder(storage, topic)
  if (holder === undefined) throw notHeld(locationOf(storage, location.storage), topic)
  return describe(holder)
}

/**
 * Breaks the lease of a topic whose holder is known to be dead, and returns what the lease said. A
 * holder that still runs cannot commit any more.
 *
 * @throws STORAGE_NOT_FOUND when there is no lease on the topic
 */
export async function breakBackupLease(
  location: StorageLocation,
  topic: string,
  onWarning: (warning: KanneryError) => void,
): Promise<BackupLease> {
  await using storage = await openWritableStorage(location, onWarning)
  const holder = await breakLease(storage, topic)
  if (holder === undefined) throw notHeld(locationOf(storage, location.storage), topic)
  return describe(holder)
}

function describe({ topic, holder, since, lastSeen, orphanedAt }: Holder): BackupLease {
  return {
    topic,
    holder,
    since: since.toISOString(),
    lastSeen: lastSeen.toISOString(),
    orphanedAt: orphanedAt.toISOString(),
  }
}

function notHeld(location: string, topic: string): KanneryError {
  return new KanneryError('STORAGE_NOT_FOUND', `no writer holds the lease on topic "${topic}"`, {
    remedy: 'A backup can start at once.',
    advice: { id: 'list-leases', storage: location },
    facts: { topic, location },
  })
}
