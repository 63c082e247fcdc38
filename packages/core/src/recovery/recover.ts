import { currentIncarnation } from '../index-file/coverage.ts'
import type { GarbageEntry, Index, SegmentEntry } from '../index-file/format/model.ts'
import type { RetentionTiming } from '../retention/due.ts'
import { decodeRetention, expiryOf } from '../retention/retention.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { type AdoptionOptions, judgeCandidates, type Verdicts } from './adoption.ts'
import { listCandidates } from './candidates.ts'

/** What a recovery found, and what it makes of it. */
export interface Recovery extends Verdicts {
  /** The greatest id in the folder. New ids must be greater. */
  readonly greatestId: Ulid | undefined
}

/** What a recovery needs. */
export interface RecoveryOptions extends AdoptionOptions {
  /** The grace that deletions of the topic keep to. */
  readonly timing: RetentionTiming
  /** Asks the storage for its time, milliseconds. */
  readonly askStorageTime: () => Promise<number>
}

/** Plans a recovery (steps 7 and 8). Changes nothing. */
export async function planRecovery(options: RecoveryOptions): Promise<Recovery> {
  const { storage, index } = options
  const { objects, greatestId } = await listCandidates(storage, index, await openGarbage(options))
  const { garbage, ...verdicts } = await judgeCandidates(objects, options)
  const known = new Set(index.garbage.map(({ id }) => id))
  return { ...verdicts, garbage: garbage.filter(({ id }) => !known.has(id)), greatestId }
}

/**
 * Returns segments that became garbage because the source still had them, which it may have lost
 * since. Those whose grace is about to end are left out: an earlier writer may have begun to delete
 * them.
 */
async function openGarbage({
  index,
  timing: { graceMs, slackMs },
  askStorageTime,
}: RecoveryOptions): Promise<readonly GarbageEntry[]> {
  const segments = index.garbage.filter(({ kind }) => kind === 'segment')
  if (segments.length === 0) return []
  const endsMs = (await askStorageTime()) + slackMs - graceMs
  return segments.filter(({ since }) => Date.parse(since) > endsMs)
}

/**
 * Records a recovery in the index (step 9): adds the adopted segments, and what is not garbage yet
 * of the others to the garbage. `since` is the storage's time, ISO 8601.
 */
export function withRecovery(index: Index, recovery: Recovery, since: string): Index {
  const { garbage, nextOffsets } = recovery
  const incarnation = currentIncarnation(index)
  const retention = decodeRetention(index.retention)
  const named = new Set(recovery.adopted.map(({ id }) => id))
  const adopted = recovery.adopted.map(
    (entry): SegmentEntry => ({
      ...entry,
      expires: expiryOf(retention, entry.time, Date.parse(since)),
    }),
  )
  let partitions = incarnation?.partitions ?? 0
  for (const partition of nextOffsets.keys()) partitions = Math.max(partitions, partition + 1)
  return {
    ...index,
    incarnations:
      incarnation === undefined
        ? index.incarnations
        : index.incarnations.with(-1, { ...incarnation, partitions }),
    segments: [...index.segments, ...adopted],
    garbage: [
      ...index.garbage.filter(({ id }) => !named.has(id)),
      ...garbage.map(({ id, kind }): GarbageEntry => ({ id, kind, since })),
    ],
  }
}
