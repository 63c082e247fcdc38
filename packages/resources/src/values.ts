export { checkRetention, formatDuration, parseDuration } from './values/duration.ts'
export { isSecretName, isSecretText } from './values/secret-text.ts'
export { formatSize, parseSize } from './values/size.ts'
export { formatMoment, parseMoment, parseTime } from './values/time.ts'

/** Ways of authentication that a document can name. */
export const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
