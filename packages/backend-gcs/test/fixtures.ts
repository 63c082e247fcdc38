import type { BackendContext } from '@kannery/storage'
import { realClock, realRandom } from '@kannery/storage-testkit'
import type { SharedGcs } from '@kannery/testing/servers/object-storages/shared-gcs'
import { newPrefix } from '@kannery/testing/storages/backend-fixtures'
import { GcsBackend, type GcsConfig, plugin } from '../src/index.ts'

/** The context in which an app opens the backend. */
export const context: Omit<BackendContext, 'credentials'> = {
  access: 'write',
  clock: realClock,
  random: realRandom,
  userAgent: 'kannery-tests',
}

export function configFor({ endpoint }: SharedGcs, config: Partial<GcsConfig> = {}): GcsConfig {
  return { bucket: 'backups', prefix: newPrefix(), endpoint, ...config }
}

export async function open(
  server: SharedGcs,
  config: Partial<GcsConfig> = {},
): Promise<GcsBackend> {
  const backend = await plugin.open(configFor(server, config), context)
  if (!(backend instanceof GcsBackend)) throw new Error('not a backend of this package')
  return backend
}
