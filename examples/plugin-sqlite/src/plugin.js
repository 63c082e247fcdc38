import { defineBackendPlugin } from '@kannery/storage'
import { SqliteBackend } from './backend.js'
import { checkConfig, configFromUrl, configSchema } from './config.js'

export const plugin = defineBackendPlugin({
  contract: 1,
  type: 'sqlite',
  urlSchemes: ['sqlite'],
  configSchema,
  fromUrl: configFromUrl,
  open: async (config, context) => new SqliteBackend(checkConfig(config), context),
})
