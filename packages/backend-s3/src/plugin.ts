import { type BackendPlugin, defineBackendPlugin } from '@kannery/storage'
import { S3Backend } from './backend.ts'
import { checkConfig, configFromUrl, configSchema, type S3Config } from './config.ts'

export const plugin: BackendPlugin<S3Config> = defineBackendPlugin({
  contract: 1,
  type: 's3',
  urlSchemes: ['s3'],
  configSchema,
  fromUrl: configFromUrl,
  open: async (config, context) => await S3Backend.open(checkConfig(config), context),
})
