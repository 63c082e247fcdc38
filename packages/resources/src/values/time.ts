import { KanneryError } from '@kannery/storage'
import { parseDuration } from './duration.ts'

/**
 * A date, a date with hours and minutes, or with seconds; a time has its zone, because a guess
 * restores the wrong hour.
 */
const isoDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

const absoluteForms = '2026-11-23, 2026-11-23T10:00Z, 2026-11-23T11:00+01:00'
const milliseconds = 'milliseconds since 1970 such as 1763881201001 or 0ms'

/**
 * A moment as milliseconds since 1970: as {@link parseMoment} reads it, or `-90m` (that long before
 * `now`).
 *
 * @throws CONFIG_INVALID
 */
export function parseTime(text: string, now: number): number {
  const trimmed = text.trim()
  if (/^-[0-9]+[a-z]/.test(trimmed)) return now - parseDuration(trimmed.slice(1))
  return readMoment(trimmed) ?? refuse(text, `${absoluteForms}, -90m (before now)`)
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
  const iso = Math.abs(moment) <= 8.64e15 ? new Date(moment).toISOString() : ''
  return isoDate.test(iso) ? iso : `${moment}ms`
}

function readMoment(text: string): number | undefined {
  if (/^[0-9]{12,16}$|^[0-9]{1,16}ms$/.test(text)) return Number.parseInt(text, 10)
  const moment = isoDate.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(moment) ? undefined : moment
}

function refuse(text: string, forms: string): never {
  throw new KanneryError('CONFIG_INVALID', `not a time: ${JSON.stringify(text)}`, {
    remedy: `Write ${forms}, or ${milliseconds}.`,
  })
}
