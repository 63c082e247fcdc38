export { parseDuration, parseSize, parseTime } from './values.ts'
