import { KanneryError } from '@kannery/storage'
import { parseDuration } from './duration.ts'
import { quote } from './quote.ts'

/**
 * A date, a date with hours and minutes, or with seconds; a time has its zone, because a guess
 * restores the wrong hour.
 */
const isoDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

const absoluteForms = '2026-11-23, 2026-11-23T10:00Z, 2026-11-23T11:00+01:00'
const milliseconds = 'milliseconds since 1970 such as 1763881201001 or 0ms'

/** The last moment that a `Date` holds: https://tc39.es/ecma262/#sec-time-values-and-time-range. */
const lastMoment = 8.64e15

/**
 * A moment as milliseconds since 1970 that a `Date` holds: as {@link parseMoment} reads it, or
 * `-90m` (that long before `now`, and not before 1970).
 *
 * @throws CONFIG_INVALID
 */
export function parseTime(text: string, now: number): number {
  const trimmed = text.trim()
  const isRelative = /^-[0-9]+[a-z]/.test(trimmed)
  const moment = isRelative ? now - parseDuration(trimmed.slice(1)) : readMoment(trimmed)
  const isHeld = moment !== undefined && moment <= lastMoment && !(isRelative && moment < 0)
  return isHeld ? moment : refuse(text, `${absoluteForms}, -90m (before now)`)
}

/**
 * A moment that does not depend on when it is read, as milliseconds since 1970: `2026-11-23`
 * (midnight UTC), `2026-11-23T10:00Z`, `2026-11-23T11:00+01:00`, milliseconds as Kafka prints them
 * (12 digits or more: fewer may be meant as seconds or as a date), or any milliseconds with their
 * unit, `1000ms`.
 *
 * @throws CONFIG_INVALID
 */
export function parseMoment(text: string): number {
  return readMoment(text.trim()) ?? refuse(text, absoluteForms)
}

/** The moment in ISO 8601 where it has that form; {@link parseMoment} reads it. */
export function formatMoment(moment: number): string {
  const iso = Math.abs(moment) <= lastMoment ? new Date(moment).toISOString() : ''
  return isoDate.test(iso) ? iso : `${moment}ms`
}

function readMoment(text: string): number | undefined {
  if (/^[0-9]{12,16}$|^[0-9]{1,16}ms$/.test(text)) {
    const moment = Number.parseInt(text, 10)
    return Number.isSafeInteger(moment) ? moment : undefined
  }
  if (!isoDate.test(text) || !isDayOfCalendar(text.slice(0, 10))) return undefined
  const moment = Date.parse(text)
  return Number.isNaN(moment) ? undefined : moment
}

/** `Date.parse` takes February 31st for March 3rd. */
function isDayOfCalendar(day: string): boolean {
  const moment = Date.parse(day)
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(day)
}

function refuse(text: string, forms: string): never {
  throw new KanneryError('CONFIG_INVALID', `not a time: ${quote(text)}`, {
    remedy: `Write ${forms}, or ${milliseconds}.`,
  })
}
