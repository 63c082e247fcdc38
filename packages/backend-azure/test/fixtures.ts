import { randomBytes } from 'node:crypto'
import type { BackendContext, KanneryError } from '@kannery/storage'
import { realClock, realRandom } from '@kannery/storage-testkit'
import type { SharedAzurite } from '@kannery/testing/servers/object-storages/shared-azurite'
import { AzureBackend, type AzureConfig, plugin } from '../src/index.ts'

/** What an app hands in when it opens the backend. */
export const context: Omit<BackendContext, 'credentials'> = {
  access: 'write',
  clock: realClock,
  random: realRandom,
  userAgent: 'kannery-tests',
}

/** A prefix that no other test uses. */
export function newPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`
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

/** What `work` rejects with. */
export async function errorOf(work: Promise<unknown>): Promise<KanneryError> {
  return await work.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => error as KanneryError,
  )
}
