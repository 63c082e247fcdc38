import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KafkaConnectionOptions } from '@kannery/kafka'
import { type KafkaCluster, parseDocument } from '@kannery/resources'
import { type Environment, kafkaConnection } from '@kannery/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaConnectionFlags, kafkaClusterDocument } from './kafka-cluster.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kannery-flags-'))
  await writeFile(join(folder, 'password'), 'from a file\n')
  await writeFile(
    join(folder, 'client.properties'),
    [
      'bootstrap.servers=one:9092,two:9093',
      'security.protocol=SASL_PLAINTEXT',
      'sasl.mechanism=PLAIN',
      'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";',
    ].join('\n'),
  )
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** The connection that flags mean: by way of the document, as a backup makes it. */
async function resolveKafkaConnection(
  flags: KafkaConnectionFlags,
  environment: Environment,
): Promise<KafkaConnectionOptions> {
  const document = await kafkaClusterDocument(flags, { directory: folder, environment })
  return await kafkaConnection(parseDocument(document) as KafkaCluster, environment)
}

const plain = { bootstrap: 'broker:9092', saslMechanism: 'PLAIN', saslUsername: 'me' } as const

describe('a Kafka connection by flags', () => {
  test('a broker address is enough, with the usual defaults', async () => {
    expect(await resolveKafkaConnection({ bootstrap: 'one:9092,[::1]:9093' }, {})).toEqual({
      clientId: 'kannery',
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      bootstrapServers: [
        { host: 'one', port: 9092 },
        { host: '::1', port: 9093 },
      ],
    })
  })

  test('the password stands in a file or in the environment', async () => {
    const byFile = { ...plain, saslPasswordFile: join(folder, 'password') }
    expect((await resolveKafkaConnection(byFile, {})).sasl).toMatchObject({
      password: 'from a file',
    })

    const environment = { KANNERY_SASL_PASSWORD: 'from outside' }
    expect((await resolveKafkaConnection(plain, environment)).sasl).toEqual({
      mechanism: 'PLAIN',
      username: 'me',
      password: 'from outside',
    })
  })

  test("Kafka's own client.properties is read, and flags win over it", async () => {
    const configFile = join(folder, 'client.properties')
    const fromFile = await resolveKafkaConnection({ configFile }, {})
    expect(fromFile.bootstrapServers).toHaveLength(2)
    expect(fromFile.sasl).toMatchObject({ username: 'u', password: 'p' })

    const flags = { ...plain, configFile }
    const both = await resolveKafkaConnection(flags, { KANNERY_SASL_PASSWORD: 'x' })
    expect(both.bootstrapServers).toEqual([{ host: 'broker', port: 9092 }])
    expect(both.sasl).toMatchObject({ username: 'me', password: 'x' })
  })

  test('the password is not looked for before it is needed', async () => {
    const { spec } = await kafkaClusterDocument(plain, { directory: folder, environment: {} })

    expect(spec.sasl).toMatchObject({ password: { environment: 'KANNERY_SASL_PASSWORD' } })
  })

  test('an unknown mechanism is not repeated, because it may be a password', async () => {
    const flags = { ...plain, saslMechanism: 'hunter2' }

    await expect(resolveKafkaConnection(flags, {})).rejects.not.toThrow(/hunter2/)
  })

  test('TLS verifies the host name', async () => {
    const { tls } = await resolveKafkaConnection({ bootstrap: 'broker:9092', tls: true }, {})

    expect(tls).toEqual({ serverNameCheck: true })
  })

  const contradictions: readonly (readonly [string, KafkaConnectionFlags])[] = [
    ['no broker', {}],
    ['a mechanism without a user', { bootstrap: 'b:1', saslMechanism: 'PLAIN' }],
    ['an unknown mechanism', { ...plain, saslMechanism: 'MAGIC' }],
    ['no password', plain],
    ['a certificate without its key', { bootstrap: 'b:1', tlsCertificateFile: '/c.pem' }],
    ['a file that is not there', { bootstrap: 'b:1', tlsCaFile: '/nowhere/ca.pem' }],
  ]
  test.each(contradictions)('%s is refused with a remedy', async (_name, flags) => {
    await expect(resolveKafkaConnection(flags, {})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      remedy: expect.stringMatching(/\w+/),
    })
  })

  test('a password in the broker address is refused and not repeated', async () => {
    const resolving = resolveKafkaConnection({ bootstrap: 'me:hunter2@broker:9092' }, {})

    await expect(resolving).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await resolving.catch((error: Error) => {
      expect(JSON.stringify(error) + String(error)).not.toContain('hunter2')
    })
  })

  test('a secret of the environment is taken without the line end of the command that made it', async () => {
    const environment = { KANNERY_SASL_PASSWORD: 'from outside\n' }

    expect((await resolveKafkaConnection(plain, environment)).sasl).toMatchObject({
      password: 'from outside',
    })
  })

  test('client.properties is read in ISO 8859-1, as Java reads it', async () => {
    const configFile = join(folder, 'latin1.properties')
    const line =
      'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="schl\u00fcssel";'
    const lines = ['security.protocol=SASL_PLAINTEXT', 'sasl.mechanism=PLAIN', line]
    await writeFile(configFile, lines.join('\n'), 'latin1')

    const { sasl } = await resolveKafkaConnection({ configFile, bootstrap: 'broker:9092' }, {})
    expect(sasl).toMatchObject({ password: 'schl\u00fcssel' })
  })
})

describe('a client certificate by files', () => {
  const file = (name: string): string => join(folder, name)
  const openssl = (words: string): Buffer =>
    execFileSync('openssl', words.split(' '), { cwd: folder })
  const flags = { bootstrap: 'broker:9092', tlsCertificateFile: '', tlsKeyFile: '' }
  beforeAll(() => {
    openssl(
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout key.pem -days 2 -subj /CN=me -out cert.pem',
    )
    openssl('ec -aes256 -passout pass:secret -in key.pem -out locked.pem')
    openssl('genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out other.pem')
    flags.tlsCertificateFile = file('cert.pem')
    flags.tlsKeyFile = file('key.pem')
  })

  test('is read, and its passphrase from the environment', async () => {
    const environment = { KANNERY_TLS_KEY_PASSPHRASE: 'secret\n' }
    const locked = { ...flags, tlsKeyFile: file('locked.pem') }

    expect((await resolveKafkaConnection(flags, {})).tls).toMatchObject({
      cert: expect.stringContaining('BEGIN CERTIFICATE'),
      key: expect.stringContaining('PRIVATE KEY'),
    })
    expect((await resolveKafkaConnection(locked, environment)).tls).toMatchObject({
      passphrase: 'secret',
    })
  })

  test.each([
    ['no certificate', { tlsCertificateFile: 'key.pem' }, {}, /no certificate in .*key\.pem/],
    ['no key', { tlsKeyFile: 'cert.pem' }, {}, /no private key in .*cert\.pem/],
    ['an authority that is none', { tlsCaFile: 'password' }, {}, /no certificate in .*password/],
    ['the key of another certificate', { tlsKeyFile: 'other.pem' }, {}, /do not match/],
    ['no passphrase', { tlsKeyFile: 'locked.pem' }, {}, /cannot be opened/],
    [
      'a wrong passphrase',
      { tlsKeyFile: 'locked.pem' },
      { KANNERY_TLS_KEY_PASSPHRASE: 'hunter2' },
      /cannot be opened/,
    ],
  ] as const)(
    'with %s is refused before anything is sent',
    async (_name, changes, environment, message) => {
      const changed = Object.entries(changes).map(([name, value]) => [name, file(value)])
      const resolving = resolveKafkaConnection(
        { ...flags, ...Object.fromEntries(changed) },
        environment,
      )

      await expect(resolving).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(message),
      })
      await expect(resolving).rejects.not.toThrow(/hunter2/)
    },
  )
})
