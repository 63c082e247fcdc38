import { randomBytes } from 'node:crypto'
import type { BackendContext, KanneryError } from '@kannery/storage'
import { realClock, realRandom } from '@kannery/storage-testkit'
import type { SharedS3 } from '@kannery/testing/servers/object-storages/shared-s3'
import { plugin, S3Backend, type S3Config } from '../src/index.ts'

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

/** What `work` rejects with. */
export async function errorOf(work: Promise<unknown>): Promise<KanneryError> {
  return await work.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => error as KanneryError,
  )
}
