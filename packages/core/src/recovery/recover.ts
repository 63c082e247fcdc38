import { currentIncarnation } from '../index-file/coverage.ts'
import type { GarbageEntry, Index, SegmentEntry } from '../index-file/model.ts'
import { decodeRetention, expiryOf } from '../retention/retention.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { type AdoptionOptions, judgeCandidates, type Verdicts } from './adoption.ts'
import { listCandidates } from './candidates.ts'

/** What a writer found that the one before it left behind. */
export interface Recovery extends Verdicts {
  /** Greatest id seen in the folder: those to come must be greater. */
  readonly greatestId: Ulid | undefined
}

/** Steps 7 and 8: nothing is changed yet. */
export async function planRecovery(options: AdoptionOptions): Promise<Recovery> {
  const { storage, index } = options
  const { objects, greatestId } = await listCandidates(storage, index)
  const verdicts = await judgeCandidates(objects, options)
  return { ...verdicts, greatestId }
}

/** Step 9: `index` with what was adopted, and the rest in its garbage. `since` is the storage's time, ISO 8601. */
export function withRecovery(index: Index, recovery: Recovery, since: string): Index {
  const { garbage, nextOffsets } = recovery
  const incarnation = currentIncarnation(index)
  const retention = decodeRetention(index.retention)
  const adopted = recovery.adopted.map(
    (entry): SegmentEntry => ({
      ...entry,
      expires: expiryOf(retention, entry.time, Date.parse(since)),
    }),
  )
  const partitions = Math.max(incarnation?.partitions ?? 0, ...[...nextOffsets.keys()].map(after))
  return {
    ...index,
    incarnations:
      incarnation === undefined
        ? index.incarnations
        : index.incarnations.with(-1, { ...incarnation, partitions }),
    segments: [...index.segments, ...adopted],
    garbage: [
      ...index.garbage,
      ...garbage.map(({ id, kind }): GarbageEntry => ({ id, kind, since })),
    ],
  }
}

function after(partition: number): number {
  return partition + 1
}
