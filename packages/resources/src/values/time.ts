import { KanneryError } from '@kannery/storage'
import { parseDuration } from './duration.ts'

/**
 * A date, a date with hours and minutes, or with seconds; a time has its zone, because a guess
 * restores the wrong hour.
 */
const isoDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * A moment as milliseconds since 1970: `2026-11-23` (midnight UTC), `2026-11-23T10:00Z`,
 * `2026-11-23T11:00+01:00`, `-90m` (that long before `now`), milliseconds as Kafka prints them (12
 * digits or more: fewer may be meant as seconds or as a date), or any milliseconds with their unit,
 * `1000ms`.
 *
 * @throws CONFIG_INVALID
 */
export function parseTime(text: string, now: number): number {
  const trimmed = text.trim()
  if (/^-[0-9]+[a-z]/.test(trimmed)) return now - parseDuration(trimmed.slice(1))
  if (/^[0-9]{12,16}$|^[0-9]{1,16}ms$/.test(trimmed)) return Number.parseInt(trimmed, 10)
  const milliseconds = isoDate.test(trimmed) ? Date.parse(trimmed) : Number.NaN
  if (Number.isNaN(milliseconds)) {
    throw new KanneryError('CONFIG_INVALID', `not a time: ${JSON.stringify(text)}`, {
      remedy:
        'Write 2026-11-23, 2026-11-23T10:00Z, 2026-11-23T11:00+01:00, -90m (before now), or milliseconds since 1970 such as 1763881201001 or 0ms.',
    })
  }
  return milliseconds
}
