import { type BackendPlugin, defineBackendPlugin } from '@kannery/storage'
import { AzureBackend } from './backend.ts'
import { type AzureConfig, checkConfig, configFromUrl, configSchema } from './config.ts'

export const plugin: BackendPlugin<AzureConfig> = defineBackendPlugin({
  contract: 1,
  type: 'azure',
  // Without TLS only for Azurite: Azure itself refuses it.
  urlSchemes: ['https', 'http'],
  configSchema,
  fromUrl: configFromUrl,
  open: async (config, context) => await AzureBackend.open(checkConfig(config), context),
})
