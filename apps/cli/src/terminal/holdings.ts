import { formatCount } from './format.ts'

/**
 * How many records a consumer sees, and how many are stored where that differs: `5 (15 stored)`, or
 * `≤ 15` where not known.
 */
export function formatRecords(seen: {
  readonly records: number
  readonly recordsExact: boolean
  readonly storedRecords: number
}): string {
  const { records, recordsExact, storedRecords } = seen
  const shown = `${recordsExact ? '' : '≤ '}${formatCount(records)}`
  return records === storedRecords ? shown : `${shown} (${formatCount(storedRecords)} stored)`
}

/**
 * Segments that a restore does not read, and why: `2 expired, 3 deleted`; empty where there are
 * none.
 */
export function formatLeftOut(counts: {
  readonly expiredSegments: number
  readonly deletedSegments: number
  readonly otherSegments?: number
}): string {
  const { expiredSegments, deletedSegments, otherSegments = 0 } = counts
  return [
    [expiredSegments, 'expired'],
    [deletedSegments, 'deleted'],
    [otherSegments, 'of other incarnations'],
  ]
    .flatMap(([count, what]) => (count === 0 ? [] : [`${formatCount(Number(count))} ${what}`]))
    .join(', ')
}
