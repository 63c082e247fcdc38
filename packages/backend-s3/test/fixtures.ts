import type { BackendContext } from '@kannery/storage'
import { realClock, realRandom } from '@kannery/storage-testkit'
import type { SharedS3 } from '@kannery/testing/servers/object-storages/shared-s3'
import { newPrefix } from '@kannery/testing/storages/backend-fixtures'
import { plugin, S3Backend, type S3Config } from '../src/index.ts'

/** The context in which an app opens the backend. */
export const context: Omit<BackendContext, 'credentials'> = {
  access: 'write',
  clock: realClock,
  random: realRandom,
  userAgent: 'kannery-tests',
}

export function configFor(server: SharedS3, config: Partial<S3Config> = {}): S3Config {
  const { endpoint, region } = server
  return { bucket: 'backups', prefix: newPrefix(), endpoint, region, ...config }
}

export async function open(
  server: SharedS3,
  config: Partial<S3Config> = {},
  credentials: BackendContext['credentials'] = { ...server.credentials },
): Promise<S3Backend> {
  const backend = await plugin.open(configFor(server, config), { ...context, credentials })
  if (!(backend instanceof S3Backend)) throw new Error('not a backend of this package')
  return backend
}
