import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { BackendContext } from '@kannery/storage'
import type { SharedS3 } from '@kannery/testing/servers/shared-s3'
import { plugin, S3Backend, type S3Config } from '../src/index.ts'

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

export async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const entry of entries) collected.push(entry)
  return collected
}
