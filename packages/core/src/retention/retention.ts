import { KanneryError } from '@kannery/storage'
import type { JsonObject } from '../index-file/format/model.ts'
import type { RecordTimes } from '../segment/format/record-times.ts'

/**
 * Sets how long the segments of a topic are kept: permanently, or for some time, counted from their
 * commit or from their newest plausible record time, whichever is later.
 */
export type Retention =
  | { readonly kind: 'keep' }
  /**
   * `after` is the time as a person wrote it, such as `30d`; `afterMs` the same in milliseconds.
   */
  | { readonly kind: 'delete'; readonly after: string; readonly afterMs: number }

/**
 * A record time that is further ahead of the storage's clock than this counts as a mistake of its
 * producer.
 */
const plausibleAheadMs: number = 86_400_000

const millisecondsPerUnit: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 365 * 86_400_000,
}

/**
 * Parses `keep`, or a duration such as `30d`, `12h` or `1w12h`. The units are ns, us, ms, s, m, h,
 * d, w and y; a year has 365 days.
 *
 * @throws CONFIG_INVALID, also for less than a millisecond or more than 1,000 years
 */
export function parseRetention(text: string): Retention {
  if (text.trim().toLowerCase() === 'keep') return { kind: 'keep' }
  const after = text.trim()
  const parts = [...after.matchAll(/([0-9]+)(ns|us|ms|[smhdwy])/g)]
  const afterMs = Math.floor(
    parts.reduce(
      (sum, [, number, unit = '']) =>
        sum + Number(number) * (millisecondsPerUnit[unit] ?? Number.NaN),
      0,
    ),
  )
  const isWhole = parts.map(([part]) => part).join('') === after
  if (!isWhole || afterMs < 1 || afterMs > longestMs) {
    throw new KanneryError('CONFIG_INVALID', `not a retention: ${JSON.stringify(text)}`, {
      remedy: 'Write keep, or a duration such as 30d, 12h or 1w12h: at most 1000y.',
    })
  }
  return { kind: 'delete', after, afterMs }
}

const longestMs = 1000 * 365 * 86_400_000

/** Returns a retention as an index stores it. */
export function encodeRetention(retention: Retention): JsonObject {
  return retention.kind === 'keep' ? {} : { after: retention.after }
}

/**
 * Reads the retention of an index. One that cannot be read is taken for `keep`: a backup neither
 * stops nor deletes because of it.
 */
export function decodeRetention(stored: JsonObject): Retention {
  const after = stored['after']
  if (typeof after !== 'string') return { kind: 'keep' }
  try {
    return parseRetention(after)
  } catch {
    return { kind: 'keep' }
  }
}

/**
 * Returns when a segment that is committed at `committedMs`, by the storage's clock, expires: ISO
 * 8601; null: never. Counts from the later of its commit and its greatest plausible record time, so
 * that old records expire only some time after they were backed up.
 */
export function expiryOf(
  retention: Retention,
  time: RecordTimes | null,
  committedMs: number,
): string | null {
  if (retention.kind === 'keep') return null
  const newest = time?.[1] ?? committedMs
  const plausible = newest > committedMs + plausibleAheadMs ? committedMs : newest
  return new Date(Math.max(committedMs, plausible) + retention.afterMs).toISOString()
}
