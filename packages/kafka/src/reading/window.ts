/** The timestamps of the records to read, in milliseconds since 1970. */
export interface RestoreWindow {
  /** Least timestamp (inclusive). Defaults to no bound. */
  readonly sinceMs?: number | undefined
  /** Timestamp from which on records are left out (exclusive). Defaults to no bound. */
  readonly untilMs?: number | undefined
}

/** How much of something lies in a window. `some`: every record must be examined. */
export type Share = 'all' | 'some' | 'none'

/**
 * Returns the share of records in a window, by their least (null: unknown) and greatest timestamp,
 * both inclusive.
 */
export function shareInWindow(
  { sinceMs, untilMs }: RestoreWindow,
  [least, greatest]: readonly [least: number | null, greatest: number],
): Share {
  if (sinceMs !== undefined && greatest < sinceMs) return 'none'
  if (untilMs !== undefined && least !== null && least >= untilMs) return 'none'
  const wholeSince = sinceMs === undefined || (least !== null && least >= sinceMs)
  const wholeUntil = untilMs === undefined || greatest < untilMs
  return wholeSince && wholeUntil ? 'all' : 'some'
}

/** Whether a record with this timestamp, in milliseconds, lies in a window. */
export function isInWindow({ sinceMs, untilMs }: RestoreWindow, timestamp: bigint): boolean {
  return (
    (sinceMs === undefined || timestamp >= sinceMs) &&
    (untilMs === undefined || timestamp < untilMs)
  )
}
