export { VolumeBackend } from './backend.ts'
export type { VolumeConfig } from './config.ts'
export { plugin } from './plugin.ts'
