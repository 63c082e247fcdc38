import { KanneryError } from '@kannery/storage'
import { quote } from './quote.ts'

const millisecondsPerUnit = {
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
} as const satisfies Readonly<Record<string, number>>

/**
 * A duration such as `90s`, `5m`, `1h30m` or `30d`, in milliseconds.
 *
 * @throws CONFIG_INVALID
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/([0-9]+)(ms|[smhdw])/g)]
  const whole = parts.map(([part]) => part).join('')
  const units: Readonly<Record<string, number>> = millisecondsPerUnit
  const milliseconds = parts.reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (units[unit] ?? Number.NaN),
    0,
  )
  if (parts.length === 0 || whole !== text.trim() || !Number.isSafeInteger(milliseconds)) {
    throw new KanneryError('CONFIG_INVALID', `not a duration: ${quote(text)}`, {
      remedy: 'Write numbers and units without spaces, such as 90s, 5m or 1h30m.',
    })
  }
  return milliseconds
}

/**
 * The duration in the one largest unit that gives a whole number: {@link parseDuration} reads it.
 */
export function formatDuration(milliseconds: number): string {
  const [unit = 'ms', factor = 1] =
    Object.entries(millisecondsPerUnit).find(([, each]) => milliseconds % each === 0) ?? []
  return milliseconds === 0 ? '0s' : `${milliseconds / factor}${unit}`
}

/**
 * Returns how long a backup is kept, as it is written: `keep`, or a duration, of which a year, `y`,
 * may be a unit as well.
 *
 * @throws CONFIG_INVALID
 */
export function checkRetention(text: string): string {
  const trimmed = text.trim()
  if (trimmed.toLowerCase() === 'keep') return 'keep'
  if (/^([0-9]+(ns|us|ms|[smhdwy]))+$/.test(trimmed) && /[1-9]/.test(trimmed)) return trimmed
  throw new KanneryError('CONFIG_INVALID', `not a retention: ${quote(text)}`, {
    remedy: 'Write keep, or a duration such as 30d, 12h or 1w12h.',
  })
}
