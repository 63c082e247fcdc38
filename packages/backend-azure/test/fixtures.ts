import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { BackendContext } from '@kannery/storage'
import type { SharedAzurite } from '@kannery/testing/servers/shared-azurite'
import { AzureBackend, type AzureConfig, plugin } from '../src/index.ts'

export const context: Omit<BackendContext, 'credentials'> = {
  access: 'write',
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: async (milliseconds, signal) => {
      await delay(milliseconds, undefined, signal === undefined ? {} : { signal })
    },
  },
  random: { bytes: (length) => randomBytes(length) },
  userAgent: 'kannery-tests',
}

/** A prefix that nobody used before. */
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

export async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const entry of entries) collected.push(entry)
  return collected
}
