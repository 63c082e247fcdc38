import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startAzurite } from '../servers/object-storages/azurite.ts'
import { startFakeGcsServer } from '../servers/object-storages/fake-gcs-server.ts'
import type { S3Server } from '../servers/object-storages/s3-server.ts'
import { startSeaweedfs } from '../servers/object-storages/seaweedfs.ts'
import { startVersitygw } from '../servers/object-storages/versitygw.ts'
import type { HttpServerProcess } from '../servers/processes/http-server-process.ts'

/** A storage on a server of its own, as a user of the command line names it. */
export interface TestStorage extends AsyncDisposable {
  /** Of the storage `prod`. */
  readonly url: string
  /** Of another storage beside it. */
  urlOf(name: string): string
  /** Where the command line finds the credentials. */
  readonly environment: Readonly<Record<string, string>>
}

export const storageServers = ['seaweedfs', 'versitygw', 'fake-gcs-server', 'azurite'] as const
export type StorageServer = (typeof storageServers)[number]

export interface TestStorageOptions {
  /** Maps the origin of the server to the one that clients use, such as that of a proxy. */
  readonly through?: (origin: string) => Promise<string> | string
}

/** Starts a server with an empty bucket or container. */
export async function startStorage(
  name: StorageServer,
  { through = (origin) => origin }: TestStorageOptions = {},
): Promise<TestStorage> {
  switch (name) {
    case 'seaweedfs':
      return await onS3(await startSeaweedfs(), through)
    case 'versitygw':
      return await onS3(await startVersitygw(), through)
    case 'fake-gcs-server': {
      const server = await startFakeGcsServer()
      await server.createBucket('backups')
      const endpoint = await through(server.endpoint)
      return await describe(server, { bucket: 'gs://backups', options: { endpoint } })
    }
    case 'azurite': {
      const server = await startAzurite()
      await server.createContainer('backups')
      const { origin, pathname } = new URL(server.endpoint)
      const bucket = `${await through(origin)}${pathname}/backups`
      return await describe(server, { bucket, credentials: { accountKey: server.account.key } })
    }
  }
}

async function onS3(
  server: S3Server,
  through: NonNullable<TestStorageOptions['through']>,
): Promise<TestStorage> {
  await server.createBucket('backups')
  const { region, credentials } = server
  return await describe(server, {
    bucket: 's3://backups',
    options: { endpoint: await through(server.endpoint), region },
    credentials: { ...credentials },
  })
}

interface Description {
  readonly bucket: string
  readonly options?: Readonly<Record<string, string>>
  readonly credentials?: Readonly<Record<string, string>>
}

async function describe(
  server: HttpServerProcess,
  { bucket, options = {}, credentials }: Description,
): Promise<TestStorage> {
  const query = new URLSearchParams(options).toString()
  const urlOf = (name: string): string => `${bucket}/${name}${query === '' ? '' : `?${query}`}`
  return {
    url: urlOf('prod'),
    urlOf,
    // Gone with the server.
    environment:
      credentials === undefined
        ? {}
        : await credentialsFile(join(server.folder, 'kannery-credentials'), credentials),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/**
 * Writes secrets into a file, and resolves with the environment that names it to the command line.
 */
export async function credentialsFile(
  path: string,
  credentials: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const lines = Object.entries(credentials).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(path, lines.join(''), { mode: 0o600 })
  return { KANNERY_STORAGE_CREDENTIALS: path }
}
