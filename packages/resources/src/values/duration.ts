import { KanneryError } from '@kannery/storage'

const millisecondsPerUnit: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** `90s`, `5m`, `1h30m`, `30d` as milliseconds. @throws CONFIG_INVALID */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/([0-9]+)(ms|[smhdw])/g)]
  const whole = parts.map(([part]) => part).join('')
  const milliseconds = parts.reduce(
    (sum, [, number, unit = '']) =>
      sum + Number(number) * (millisecondsPerUnit[unit] ?? Number.NaN),
    0,
  )
  if (parts.length === 0 || whole !== text.trim() || !Number.isSafeInteger(milliseconds)) {
    throw new KanneryError('CONFIG_INVALID', `not a duration: ${JSON.stringify(text)}`, {
      remedy: 'Write numbers and units without spaces, such as 90s, 5m or 1h30m.',
    })
  }
  return milliseconds
}
