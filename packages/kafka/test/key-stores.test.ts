import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificates, makeCertificates } from '@kannery/testing/servers/kafka/certificates'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseClientProperties } from '../src/configuration/client-properties.ts'
import type { TlsOptions } from '../src/configuration/connection-options.ts'

let folder: string
let certificates: Certificates
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kannery-stores-'))
  certificates = await makeCertificates(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** `alter` damages what is read. */
async function tls(
  settings: Readonly<Record<string, string>>,
  alter: (content: Buffer) => Buffer = (content) => content,
): Promise<TlsOptions> {
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  const options = await parseClientProperties(['security.protocol=SSL', ...lines].join('\n'), {
    readFile: async (path) => alter(await readFile(path)),
  })
  if (options.tls === undefined) throw new Error('no TLS')
  return options.tls
}

function subjects(pem: string | undefined): readonly string[] {
  const blocks = pem?.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block).subject)
}

describe('a trust store of keytool', () => {
  test.each(['pem', 'pkcs12', 'jks'] as const)('as %s is read', async (form) => {
    const { ca } = await tls({
      'ssl.truststore.location': certificates.authority[form],
      'ssl.truststore.password': certificates.storePassword,
    })
    expect(subjects(ca)).toEqual(['CN=kannery-authority'])
  })

  test('as jks is read without its password, as Java reads it', async () => {
    const { ca } = await tls({ 'ssl.truststore.location': certificates.authority.jks })
    expect(subjects(ca)).toEqual(['CN=kannery-authority'])
  })

  test.each(['pkcs12', 'jks'] as const)(
    'as %s with a wrong password, or damaged, is refused without showing the password',
    async (form) => {
      const location = certificates.authority[form]
      const settings = { 'ssl.truststore.location': location }
      const facts = { setting: 'ssl.truststore.location' }
      const wrong = tls({ ...settings, 'ssl.truststore.password': 'wrong-secret' })
      await expect(wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID', facts })
      await expect(wrong).rejects.not.toThrow(/wrong-secret/)

      const password = { 'ssl.truststore.password': certificates.storePassword }
      const cut = tls({ ...settings, ...password }, (content) => content.subarray(0, 300))
      await expect(cut).rejects.toMatchObject({ code: 'CONFIG_INVALID', facts })
      const flipped = tls({ ...settings, ...password }, (content) => {
        const damaged = Buffer.from(content)
        damaged.writeUInt8(damaged.readUInt8(200) ^ 1, 200)
        return damaged
      })
      await expect(flipped).rejects.toMatchObject({ code: 'CONFIG_INVALID', facts })
    },
  )
})

describe('a key store', () => {
  test('as PKCS12 gives the key and its chain, own certificate first', async () => {
    const { cert, key } = await tls({
      'ssl.keystore.location': certificates.client.pkcs12,
      'ssl.keystore.password': certificates.storePassword,
    })
    expect(subjects(cert)).toEqual(['CN=kannery-client', 'CN=kannery-authority'])
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  })

  test('in the form of PEM may be in the file itself', async () => {
    const inline = async (path: string): Promise<string> =>
      (await readFile(path, 'utf8')).trim().replaceAll('\n', '\\n')
    const { cert, key, ca } = await tls({
      'ssl.keystore.certificate.chain': await inline(certificates.client.certificatePem),
      'ssl.keystore.key': await inline(certificates.client.keyPem),
      'ssl.truststore.certificates': await inline(certificates.authority.pem),
    })
    expect([subjects(cert), subjects(ca)]).toEqual([
      ['CN=kannery-client'],
      ['CN=kannery-authority'],
    ])
    expect(key).toContain('PRIVATE KEY')
  })

  test("as Java's old JKS is refused with the command that converts it", async () => {
    const converting = tls({
      'ssl.keystore.location': certificates.client.jks,
      'ssl.keystore.password': certificates.storePassword,
    })
    await expect(converting).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      remedy: expect.stringContaining('keytool -importkeystore'),
    })
  })

  test('whose key belongs to another certificate is refused', async () => {
    const inline = async (path: string): Promise<string> =>
      (await readFile(path, 'utf8')).trim().replaceAll('\n', '\\n')
    const mixed = tls({
      'ssl.keystore.certificate.chain': await inline(certificates.client.certificatePem),
      'ssl.keystore.key': await inline(certificates.server.keyPem),
    })
    await expect(mixed).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
