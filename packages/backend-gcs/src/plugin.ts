import { type BackendPlugin, defineBackendPlugin } from '@kannery/storage'
import { GcsBackend } from './backend.ts'
import { checkConfig, configFromUrl, configSchema, type GcsConfig } from './config.ts'

export const plugin: BackendPlugin<GcsConfig> = defineBackendPlugin({
  contract: 1,
  type: 'gcs',
  urlSchemes: ['gs'],
  configSchema,
  fromUrl: configFromUrl,
  open: async (config, context) => await GcsBackend.open(checkConfig(config), context),
})
