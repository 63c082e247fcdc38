import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { repositoryRoot } from '../../paths.ts'
import { type HttpServerProcess, startHttpServer } from '../processes/http-server-process.ts'

const program = join(repositoryRoot, 'testing/node_modules/azurite/dist/src/blob/main.js')

/**
 * The account that every Azurite has, and its key, which is no secret.
 * https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
 */
const account = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
}

export interface AzuriteServer extends HttpServerProcess {
  readonly account: typeof account
  createContainer(container: string): Promise<void>
}

/** Azure Blob Storage; `endpoint` ends with the account's name. */
export async function startAzurite(): Promise<AzuriteServer> {
  const server = await startHttpServer({
    name: 'azurite',
    ports: 1,
    command: (folder, [port]) => [
      process.execPath,
      program,
      '--blobHost',
      '127.0.0.1',
      '--blobPort',
      String(port),
      '--location',
      folder,
      '--silent',
      '--skipApiVersionCheck',
      '--disableTelemetry',
    ],
  })
  const endpoint = `${server.endpoint}/${account.name}`
  return {
    ...server,
    endpoint,
    account,
    createContainer: async (container) => {
      const answer = await fetch(`${endpoint}/${container}?restype=container`, {
        method: 'PUT',
        headers: signedHeaders(`${container}\nrestype:container`),
      })
      if (!answer.ok) throw new Error(`azurite made no container: ${await answer.text()}`)
    },
  }
}

/**
 * Of a PUT without a body.
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
function signedHeaders(resource: string): Record<string, string> {
  const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-08-06' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`)
  const canonicalized = `/${account.name}/${account.name}/${resource}`
  const text = ['PUT', ...Array<string>(11).fill(''), ...lines, canonicalized].join('\n')
  const signature = createHmac('sha256', Buffer.from(account.key, 'base64')).update(text)
  return { ...headers, authorization: `SharedKey ${account.name}:${signature.digest('base64')}` }
}
