export { formatDuration, parseDuration } from './values/duration.ts'
export { formatSize, parseSize } from './values/size.ts'
export { formatMoment, parseMoment, parseTime } from './values/time.ts'
