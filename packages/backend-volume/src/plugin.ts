import { type BackendPlugin, defineBackendPlugin } from '@kannery/storage'
import { VolumeBackend } from './backend.ts'
import { checkConfig, configFromUrl, configSchema, type VolumeConfig } from './config.ts'

export const plugin: BackendPlugin<VolumeConfig> = defineBackendPlugin({
  contract: 1,
  type: 'volume',
  urlSchemes: ['file'],
  configSchema,
  fromUrl: configFromUrl,
  open: async (config, context) => await VolumeBackend.open(checkConfig(config), context),
})
