import type { ChunkTableEntry } from './footer.ts'

/**
 * Least and greatest timestamp of some records, milliseconds since 1970. The least is null if
 * compressed batches hide it.
 */
export type RecordTimes = readonly [least: number | null, greatest: number]

/** What is known about the timestamps of some records. */
export interface KnownTimes {
  /** Least and greatest timestamp; null: there are no records. */
  readonly time: RecordTimes | null
  /**
   * Estimate of the least timestamp by the headers of the batches, milliseconds since 1970. For
   * people: readers must not leave out data because of it. Present only if {@link time} has no
   * least timestamp.
   */
  readonly estimatedLeast?: number
}

/**
 * Combines the times of several parts. The least timestamp is unknown when that of any part is
 * unknown and not estimated.
 */
export function combineTimes(parts: readonly KnownTimes[]): KnownTimes {
  const withRecords = parts.filter(({ time }) => time !== null)
  if (withRecords.length === 0) return { time: null }
  let greatest = Number.NEGATIVE_INFINITY
  let least: number | null = Number.POSITIVE_INFINITY
  let estimate: number | null = Number.POSITIVE_INFINITY
  for (const { time, estimatedLeast = null } of withRecords) {
    const [known, last] = time ?? [null, greatest]
    greatest = Math.max(greatest, last)
    least = lesser(least, known)
    estimate = lesser(estimate, known ?? estimatedLeast)
  }
  const time: RecordTimes = [least, greatest]
  return least !== null || estimate === null ? { time } : { time, estimatedLeast: estimate }
}

/** Combines the times of the chunks of a segment. */
export function timesOfChunks(
  chunks: readonly Pick<
    ChunkTableEntry,
    'kind' | 'minTimestamp' | 'maxTimestamp' | 'estimatedMinTimestamp'
  >[],
): KnownTimes {
  return combineTimes(
    chunks.map(({ kind, minTimestamp, maxTimestamp, estimatedMinTimestamp }) => ({
      time: kind !== 'batches' || maxTimestamp === null ? null : [minTimestamp, maxTimestamp],
      ...(estimatedMinTimestamp === undefined ? {} : { estimatedLeast: estimatedMinTimestamp }),
    })),
  )
}

/** Returns the lesser of two timestamps; null when one of them is unknown. */
function lesser(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.min(one, other)
}
