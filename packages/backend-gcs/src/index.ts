export { GcsBackend } from './backend.ts'
export type { GcsConfig } from './config.ts'
export { plugin } from './plugin.ts'
