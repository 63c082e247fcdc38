import type { ChunkTableEntry } from './footer.ts'

/**
 * Least and greatest record timestamp, milliseconds. The least is null where compressed batches
 * hide it.
 */
export type RecordTimes = readonly [least: number | null, greatest: number]

/** What is known of the timestamps of some records. */
export interface KnownTimes {
  /** null: no records. */
  readonly time: RecordTimes | null
  /**
   * About the least timestamp, by the headers of the batches; only where {@link time} does not know
   * it. For people: never used to leave out data.
   */
  readonly estimatedLeast?: number
}

/**
 * Of all together. One part of which nothing is known of the least makes the least of all unknown.
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

/** Of the batches of a segment. */
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

/** null: one of them is unknown. */
function lesser(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.min(one, other)
}
