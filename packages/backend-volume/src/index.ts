export { VolumeBackend } from './backend.ts'
export type { VolumeConfig } from './config.ts'
export { volumePlugin } from './plugin.ts'
