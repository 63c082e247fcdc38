import type { BackendContext } from '@kannery/storage'
import { realClock, realRandom } from '@kannery/storage-testkit'
import type { SharedAzurite } from '@kannery/testing/servers/object-storages/shared-azurite'
import { newPrefix } from '@kannery/testing/storages/backend-fixtures'
import { AzureBackend, type AzureConfig, plugin } from '../src/index.ts'

/** The context in which an app opens the backend. */
export const context: Omit<BackendContext, 'credentials'> = {
  access: 'write',
  clock: realClock,
  random: realRandom,
  userAgent: 'kannery-tests',
}

export function configFor(
  { endpoint }: SharedAzurite,
  config: Partial<AzureConfig> = {},
): AzureConfig {
  return { container: 'backups', prefix: newPrefix(), endpoint, ...config }
}

export async function open(
  server: SharedAzurite,
  config: Partial<AzureConfig> = {},
  credentials: BackendContext['credentials'] = { accountKey: server.account.key },
): Promise<AzureBackend> {
  const backend = await plugin.open(configFor(server, config), { ...context, credentials })
  if (!(backend instanceof AzureBackend)) throw new Error('not a backend of this package')
  return backend
}
