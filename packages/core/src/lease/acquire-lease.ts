import type {
  Clock,
  ObjectVersion,
  Random,
  StorageBackend,
  StoredObject,
  WriteCondition,
} from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { heartbeatKey, topicKeys } from '../layout/keys.ts'
import { type PutOutcome, putCertainly } from '../objects/put-certainly.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { contended, type Holder, leaseHeld } from './errors.ts'
import { type Heartbeat, removeHeartbeat } from './heartbeat.ts'
import { encodeLeaseFile, type Lease, maxLeaseBytes, parseLease } from './lease-files.ts'
import type { StorageTime } from './storage-time.ts'
import { elapsedSince, type LeaseTiming, type RenewalTime, renewalTimeNow } from './timing.ts'

/** A worker that acquires leases, and what it needs for that. */
export interface Contender {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly random: Random
  readonly time: StorageTime
  readonly timing: LeaseTiming
  readonly heartbeat: Heartbeat
  readonly worker: Ulid
  readonly description: string
  readonly identity: string | undefined
}

/** A lease that this worker holds, as it wrote it. */
export interface HeldLease {
  readonly lease: Lease
  readonly version: ObjectVersion
  readonly renewal: RenewalTime
}

/** Whether and how long to wait for a lease. */
export interface WaitOptions {
  /** How long to wait for a lease that another worker holds, milliseconds; 0: fail at once. */
  readonly waitMs: number
  readonly signal: AbortSignal | undefined
}

/** The state of a topic's `__lease` as one contender sees it. */
type Standing =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'takeable'
      readonly version: ObjectVersion
      /** The worker that held the lease and is dead: its heartbeat may be deleted. */
      readonly dead: Ulid | undefined
    }
  | { readonly kind: 'held'; readonly holder: Holder; readonly nowMs: number }

/** How many times a waiting contender looks at the lease between two renewals by its holder. */
const looksPerRenewal = 20
/** A contender that loses finds a holder the next time, unless the storage contradicts itself. */
const maxLost = 16

/**
 * Acquires the lease on a topic (steps 1 to 3). When it resolves, the contender holds the lease,
 * and its heartbeat is written.
 *
 * @throws LEASE_HELD when another worker holds it, still after `waitMs`; STORAGE_*
 */
export async function acquireLease(
  contender: Contender,
  topic: string,
  { waitMs, signal }: WaitOptions,
): Promise<HeldLease> {
  const { storage, clock, timing } = contender
  const began = renewalTimeNow(clock)
  for (let lost = 0; lost < maxLost; ) {
    signal?.throwIfAborted()
    const standing = await inspectLease(contender, topic)
    if (standing.kind !== 'held') {
      await contender.heartbeat.begin()
      const lease =
        standing.kind === 'absent'
          ? await claimFreeLease(contender, topic)
          : await takeOverLease(contender, topic, standing)
      if (lease !== undefined) return lease
      lost++
      continue
    }
    const leftMs = waitMs - elapsedSince(clock, began)
    if (leftMs <= 0) throw leaseHeld(storage, standing.holder, standing.nowMs)
    await clock.sleep(Math.min(leftMs, timing.renewEveryMs / looksPerRenewal), signal)
  }
  throw contended(storage, `the lease on topic "${topic}"`)
}

/**
 * Step 1: whether the lease is absent, can be taken (it is the contender's own, or an orphan), or
 * is held by another worker. Writes at most `__time`.
 */
async function inspectLease(contender: Contender, topic: string): Promise<Standing> {
  const { storage, time, timing, worker, identity } = contender
  const keys = topicKeys(topic)
  const found = await readObject(storage, keys.lease, { maxBytes: maxLeaseBytes })
  if (found === undefined) return { kind: 'absent' }
  time.observe(found.info.answeredAt)
  const { version } = found.info
  const lease = parseLease(found.bytes)
  if (lease?.state === 'released' || lease?.worker === worker) {
    return { kind: 'takeable', version, dead: undefined }
  }
  if (lease !== undefined && identity !== undefined && lease.identity === identity) {
    return { kind: 'takeable', version, dead: lease.worker }
  }
  const holder = await describeHolder(contender, topic, { info: found.info, lease })
  const nowMs = await time.ask(storage, keys.time, timing.ttlMs)
  if (nowMs <= holder.orphanedAt.getTime()) return { kind: 'held', holder, nowMs }
  return { kind: 'takeable', version, dead: lease?.worker }
}

/** Step 2: takes the lease over. Of several contenders one wins; undefined for the others. */
async function takeOverLease(
  contender: Contender,
  topic: string,
  standing: { readonly version: ObjectVersion; readonly dead: Ulid | undefined },
): Promise<HeldLease | undefined> {
  const condition = { kind: 'if-version', version: standing.version } as const
  const lease = await writeLease(contender, topic, condition)
  if (lease !== undefined && standing.dead !== undefined) {
    await removeHeartbeat(contender.storage, standing.dead)
  }
  return lease
}

/** Step 3: creates the lease; undefined when another contender was faster. */
async function claimFreeLease(contender: Contender, topic: string): Promise<HeldLease | undefined> {
  return await writeLease(contender, topic, { kind: 'if-absent' })
}

async function writeLease(
  contender: Contender,
  topic: string,
  condition: WriteCondition,
): Promise<HeldLease | undefined> {
  const { storage, clock, random, time, timing, worker, description, identity } = contender
  const lease: Lease = {
    format: 1,
    state: 'held',
    topic,
    worker,
    holder: description,
    identity: identity ?? null,
    ttlMs: timing.ttlMs,
    since: new Date(clock.now()).toISOString(),
    nonce: Buffer.from(random.bytes(16)).toString('hex'),
  }
  const renewal = renewalTimeNow(clock)
  const key = topicKeys(topic).lease
  const body = encodeLeaseFile(lease)
  let outcome = await putCertainly(storage, key, body, { condition })
  if (isBlockedByMarker(storage, condition, outcome)) {
    // Two contenders that do this at once may both believe that they hold it: one of them then
    // loses the race for the epoch.
    outcome = await putCertainly(storage, key, body, { condition: { kind: 'overwrite' } })
  }
  if (outcome.kind === 'refused') return undefined
  time.observe(outcome.info.lastModified)
  return { lease, version: outcome.info.version, renewal }
}

/** The lease was deleted, by a person or long ago, and the storage does not create it again. */
function isBlockedByMarker(
  { capabilities }: StorageBackend,
  { kind }: WriteCondition,
  outcome: PutOutcome,
): boolean {
  const isNothingThere = outcome.kind === 'refused' && outcome.found === undefined
  return isNothingThere && kind === 'if-absent' && !capabilities.ifAbsentAfterDelete
}

/**
 * Describes the holder of a lease, and until when the lease is valid, by the newer of the lease and
 * the heartbeat that it names.
 */
export async function describeHolder(
  {
    storage,
    time,
    timing,
  }: Pick<Contender, 'storage' | 'timing'> & { readonly time?: StorageTime },
  topic: string,
  { info, lease }: { readonly info: StoredObject; readonly lease: Lease | undefined },
): Promise<Holder> {
  const heartbeat = lease && (await storage.head(heartbeatKey(lease.worker)))
  time?.observe(heartbeat?.answeredAt)
  const since = info.lastModified
  const lastSeen = new Date(Math.max(since.getTime(), heartbeat?.lastModified.getTime() ?? 0))
  // A lease that Kannery did not write is given our own time to live.
  const ttlMs = lease?.ttlMs ?? timing.ttlMs
  const orphanedAt = new Date(lastSeen.getTime() + ttlMs + timing.slackMs)
  const holder =
    lease === undefined ? 'an unknown holder (its __lease cannot be read)' : lease.holder
  return { topic, holder, since, lastSeen, orphanedAt }
}
