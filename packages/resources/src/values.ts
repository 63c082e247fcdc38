export { parseDuration } from './values/duration.ts'
export { parseSize } from './values/size.ts'
export { parseTime } from './values/time.ts'
