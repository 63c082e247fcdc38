import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startAzurite } from '../servers/azurite.ts'
import { startFakeGcsServer } from '../servers/fake-gcs-server.ts'
import type { HttpServerProcess } from '../servers/http-server-process.ts'
import type { S3Server } from '../servers/s3-server.ts'
import { startSeaweedfs } from '../servers/seaweedfs.ts'
import { startVersitygw } from '../servers/versitygw.ts'

/** A storage on a server of its own, as a user of the command line names it. */
export interface TestStorage extends AsyncDisposable {
  readonly url: string
  /** What a command shows of `url`. */
  readonly location: string
  /** Where the command line finds the credentials. */
  readonly environment: Readonly<Record<string, string>>
}

export const storageServers = ['seaweedfs', 'versitygw', 'fake-gcs-server', 'azurite'] as const
export type StorageServer = (typeof storageServers)[number]

/** Starts a server with an empty storage `backups/prod`. */
export async function startStorage(name: StorageServer): Promise<TestStorage> {
  switch (name) {
    case 'seaweedfs':
      return await onS3(await startSeaweedfs())
    case 'versitygw':
      return await onS3(await startVersitygw())
    case 'fake-gcs-server': {
      const server = await startFakeGcsServer()
      await server.createBucket('backups')
      const location = 'gs://backups/prod'
      return await describe(server, { location, options: { endpoint: server.endpoint } })
    }
    case 'azurite': {
      const server = await startAzurite()
      await server.createContainer('backups')
      const location = `${server.endpoint}/backups/prod`
      return await describe(server, { location, credentials: { accountKey: server.account.key } })
    }
  }
}

async function onS3(server: S3Server): Promise<TestStorage> {
  await server.createBucket('backups')
  const { endpoint, region, credentials } = server
  return await describe(server, {
    location: 's3://backups/prod',
    options: { endpoint, region },
    credentials: { ...credentials },
  })
}

interface Description {
  readonly location: string
  readonly options?: Readonly<Record<string, string>>
  readonly credentials?: Readonly<Record<string, string>>
}

async function describe(
  server: HttpServerProcess,
  { location, options = {}, credentials }: Description,
): Promise<TestStorage> {
  const query = new URLSearchParams(options).toString()
  return {
    url: query === '' ? location : `${location}?${query}`,
    location,
    environment: credentials === undefined ? {} : await credentialsFile(server, credentials),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** Gone with the server. */
async function credentialsFile(
  { folder }: HttpServerProcess,
  credentials: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const path = join(folder, 'kannery-credentials')
  const lines = Object.entries(credentials).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(path, lines.join(''), { mode: 0o600 })
  return { KANNERY_STORAGE_CREDENTIALS: path }
}
