import { KanneryError } from '@kannery/storage'
import { parsedText } from './schemas.ts'

const remedy = 'Write keep, or a duration such as 30d, 12h or 1w12h.'

/** How long a backup is kept: `keep`, or a duration; here a year, `y`, is a unit as well. */
export const retention = parsedText(checkRetention, remedy)

/** @throws CONFIG_INVALID */
function checkRetention(text: string): string {
  const trimmed = text.trim()
  if (trimmed.toLowerCase() === 'keep') return 'keep'
  if (/^([0-9]+(ns|us|ms|[smhdwy]))+$/.test(trimmed) && /[1-9]/.test(trimmed)) return trimmed
  throw new KanneryError('CONFIG_INVALID', `not a retention: ${JSON.stringify(text)}`, { remedy })
}
