import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { realClock, realRandom } from '@kannery/storage-testkit'
import { type Certificates, makeCertificates } from '@kannery/testing/servers/kafka/certificates'
import { run } from '@kannery/testing/servers/processes/run'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { TlsOptions as ClientTls } from '../src/configuration/connection-options.ts'
import { BrokerConnection } from '../src/transport/broker-connection.ts'

let folder: string
let certificates: Certificates
let ca: string
const servers: Server[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kannery-tls-'))
  certificates = await makeCertificates(folder)
  ca = await readFile(certificates.authority.pem, 'utf8')
})
afterEach(() => {
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) server.close()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Shakes hands with those that take its certificate. */
async function tlsServer(options: TlsOptions): Promise<number> {
  const server = createTlsServer(options, (socket) => socket.destroy())
  server.on('tlsClientError', () => undefined)
  return await listen(server)
}

async function identity(name: 'server' | 'otherHost'): Promise<TlsOptions> {
  const { certificatePem, keyPem } = certificates[name]
  return { cert: await readFile(certificatePem), key: await readFile(keyPem) }
}

/** Signed by the trusted authority, for localhost, with whatever else `options` ask of OpenSSL. */
async function issued(
  name: string,
  { key, extension }: { readonly key: string; readonly extension: string },
): Promise<TlsOptions> {
  const openssl = (words: string): Promise<string> =>
    run('openssl', words.split(' '), { cwd: folder })
  await openssl(
    `req -newkey ${key} -noenc -keyout ${name}.key -subj /CN=${name} -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext ${extension} -out ${name}.csr`,
  )
  await openssl(
    `x509 -req -in ${name}.csr -copy_extensions copy -days 2 -CA authority.pem -CAkey authority.key -CAcreateserial -CAserial ${name}.srl -out ${name}.pem`,
  )
  const read = (ending: string): Promise<Buffer> => readFile(join(folder, `${name}.${ending}`))
  return { cert: await read('pem'), key: await read('key') }
}

function connect(port: number, tls: Partial<ClientTls> = {}): Promise<BrokerConnection> {
  return BrokerConnection.open(
    { host: '127.0.0.1', port },
    {
      clientId: 'test',
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 10_000,
      clock: realClock,
      random: realRandom,
      tls: { ca, serverNameCheck: true, ...tls },
    },
  )
}

describe('a broker that hangs up during the handshake', () => {
  test.each(['once it has read', 'at once'])('%s may be tried again', async (when) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      if (when === 'at once') socket.end()
      else socket.once('data', () => socket.end())
    })

    await expect(connect(await listen(server))).rejects.toMatchObject({
      code: expect.stringMatching(/^KAFKA_(TLS_FAILED|UNREACHABLE)$/),
      retry: 'after-refresh',
    })
  })
})

describe('the certificate of a broker', () => {
  test('is verified also when NODE_TLS_REJECT_UNAUTHORIZED=0 is set', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const port = await tlsServer(await identity('otherHost'))

    await expect(connect(port)).rejects.toMatchObject({
      code: 'KAFKA_TLS_FAILED',
      why: expect.stringContaining('another host'),
    })
  })

  test.each([
    ['whose key is too weak', { key: 'rsa:1024', extension: 'basicConstraints=CA:FALSE' }, /key/],
    [
      'that was issued for clients',
      {
        key: 'ec -pkeyopt ec_paramgen_curve:prime256v1',
        extension: 'extendedKeyUsage=clientAuth',
      },
      /not issued for servers/,
    ],
  ] as const)('%s is refused, and the reason is said', async (name, options, why) => {
    const ciphers = 'ALL:@SECLEVEL=0'
    const port = await tlsServer({ ...(await issued(name.replaceAll(' ', '-'), options)), ciphers })

    await expect(connect(port)).rejects.toMatchObject({
      code: 'KAFKA_TLS_FAILED',
      why: expect.stringMatching(why),
      retry: 'never',
    })
  })
})

describe('the certificate of a client', () => {
  test('a client certificate that cannot be read is an error of the configuration', async () => {
    const port = await tlsServer(await identity('server'))

    await expect(connect(port, { cert: 'no certificate', key: 'no key' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})
