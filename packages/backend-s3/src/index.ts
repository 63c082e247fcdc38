export { S3Backend } from './backend.ts'
export type { S3Config } from './config.ts'
export { plugin } from './plugin.ts'
