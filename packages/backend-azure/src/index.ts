export { AzureBackend } from './backend.ts'
export type { AzureConfig } from './config.ts'
export { plugin } from './plugin.ts'
