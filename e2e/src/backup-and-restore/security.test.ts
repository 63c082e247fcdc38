import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import {
  type KafkaSecurity,
  type KafkaServer,
  startKafka,
} from '@kannery/testing/servers/kafka/kafka-server'
import { run } from '@kannery/testing/servers/processes/run'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kannery, kannerySucceeds } from '../command-line/kannery.ts'
import { type TemporaryFolder, temporaryFolder } from '../command-line/temporary-folder.ts'

const topic = 'secret'
const records = 200

let kafka: KafkaServer
let security: KafkaSecurity
let scratch: TemporaryFolder
let passwordFile: string
beforeAll(async () => {
  kafka = await startKafka({ security: true })
  if (kafka.security === undefined) throw new Error('the broker has no secure listeners')
  security = kafka.security
  scratch = await temporaryFolder()
  passwordFile = join(scratch.path, 'password')
  await writeFile(passwordFile, `${security.users.admin.password}\n`)
  const { bootstrapServers } = kafka
  await fillTopic('plain', { bootstrapServers, topic, records, partitions: 2 })
})
afterAll(async () => {
  await scratch[Symbol.asyncDispose]()
  await kafka.stop()
})

type Side = 'from' | 'to'
/** The words that connect one side. */
type Connect = (side: Side) => Promise<readonly string[]>

let made = 0

/** Backs up and restores over one kind of connection; both ends use it. */
async function roundTrip(connect: Connect): Promise<void> {
  await using folder = await temporaryFolder()
  made += 1
  const target = `${topic}-copy-${made}`
  const from = await connect('from')
  const to = await connect('to')
  await kannerySucceeds(['backup', ...from, '--to', folder.path, '--topic', topic, '--once'])
  await kannerySucceeds(['restore', '--from', folder.path, ...to, '--topic', topic, '--as', target])
  const { bootstrapServers } = kafka
  expect(await checkTopics({ bootstrapServers, source: topic, target })).toEqual({
    equalRecords: records,
    differences: [],
  })
}

/** Kafka's client.properties, as its own tools read them. */
async function propertiesFile(properties: Readonly<Record<string, string>>): Promise<string> {
  made += 1
  const file = join(scratch.path, `client-${made}.properties`)
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(file, lines.join(''))
  return file
}

function jaas(module: string): string {
  const { username, password } = security.users.admin
  return `${module} required username="${username}" password="${password}";`
}
const plainModule = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const scramModule = 'org.apache.kafka.common.security.scram.ScramLoginModule'

describe('a connection described by flags', () => {
  test.each([
    ['PLAIN', 'sasl-plaintext', false],
    ['SCRAM-SHA-256', 'sasl-plaintext', false],
    ['SCRAM-SHA-512', 'sasl-tls', true],
  ] as const)('SASL %s on %s', async (mechanism, listener, tls) => {
    await roundTrip(async (side) => [
      ...[`--${side}`, security.listeners[listener], `--${side}-sasl-mechanism`, mechanism],
      ...[`--${side}-sasl-username`, 'admin', `--${side}-sasl-password-file`, passwordFile],
      ...(tls ? [`--${side}-tls-ca`, security.certificates.authority.pem] : []),
    ])
  })

  test('uses TLS', async () => {
    await roundTrip(async (side) => [
      ...[`--${side}`, security.listeners.tls],
      ...[`--${side}-tls-ca`, security.certificates.authority.pem],
    ])
  })

  test('uses mutual TLS', async () => {
    const { authority, client } = security.certificates
    await roundTrip(async (side) => [
      ...[`--${side}`, security.listeners.mtls, `--${side}-tls-ca`, authority.pem],
      ...[`--${side}-tls-certificate`, client.certificatePem, `--${side}-tls-key`, client.keyPem],
    ])
  })
})

describe("a connection described by Kafka's client.properties", () => {
  const byFile =
    (properties: () => Readonly<Record<string, string>>): Connect =>
    async (side) => [`--${side}-config`, await propertiesFile(properties())]

  test('uses SASL PLAIN', async () => {
    await roundTrip(
      byFile(() => ({
        'bootstrap.servers': security.listeners['sasl-plaintext'],
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': 'PLAIN',
        'sasl.jaas.config': jaas(plainModule),
      })),
    )
  })

  test('uses SCRAM over TLS, trusting a PKCS12 store', async () => {
    await roundTrip(
      byFile(() => ({
        'bootstrap.servers': security.listeners['sasl-tls'],
        'security.protocol': 'SASL_SSL',
        'sasl.mechanism': 'SCRAM-SHA-256',
        'sasl.jaas.config': jaas(scramModule),
        'ssl.truststore.type': 'PKCS12',
        'ssl.truststore.location': security.certificates.authority.pkcs12,
        'ssl.truststore.password': security.certificates.storePassword,
      })),
    )
  })

  test.each(['PEM', 'PKCS12'] as const)('mutual TLS with %s stores', async (type) => {
    const { authority, client } = security.certificates
    const stores = {
      PKCS12: { trust: authority.pkcs12, key: client.pkcs12 },
      PEM: { trust: authority.pem, key: await pemStore(client.keyPem, client.certificatePem) },
    }[type]
    await roundTrip(byFile(() => mutualTls({ type, ...stores })))
  })

  test('trusts a JKS store', async () => {
    const { authority, storePassword } = security.certificates
    await roundTrip(
      byFile(() => ({
        'bootstrap.servers': security.listeners.tls,
        'security.protocol': 'SSL',
        'ssl.truststore.type': 'JKS',
        'ssl.truststore.location': authority.jks,
        'ssl.truststore.password': storePassword,
      })),
    )
  })

  test('refuses a JKS key store with the command that converts it, and accepts the result', async () => {
    const { authority, client, storePassword } = security.certificates
    const words = await byFile(() =>
      mutualTls({ type: 'JKS', trust: authority.jks, key: client.jks }),
    )('from')
    await using folder = await temporaryFolder()

    const { status, stderr } = await kannery([
      ...['backup', ...words, '--to', folder.path, '--topic', topic, '--once'],
    ])

    expect(status).toBe(2)
    const [, command = '', converted = ''] =
      /(keytool .*-destkeystore '([^']+)'.*)/.exec(stderr) ?? []
    await run('sh', [
      '-c',
      `${command} -noprompt -srcstorepass ${storePassword} -deststorepass ${storePassword}`,
    ])
    await roundTrip(
      byFile(() => mutualTls({ type: 'PKCS12', trust: authority.pkcs12, key: converted })),
    )
  })
})

function mutualTls(stores: {
  readonly type: 'PEM' | 'JKS' | 'PKCS12'
  readonly trust: string
  readonly key: string
}): Readonly<Record<string, string>> {
  const { storePassword } = security.certificates
  return {
    'bootstrap.servers': security.listeners.mtls,
    'security.protocol': 'SSL',
    'ssl.truststore.type': stores.type,
    'ssl.truststore.location': stores.trust,
    'ssl.keystore.type': stores.type,
    'ssl.keystore.location': stores.key,
    ...(stores.type === 'PEM'
      ? {}
      : {
          'ssl.truststore.password': storePassword,
          'ssl.keystore.password': storePassword,
          'ssl.key.password': storePassword,
        }),
  }
}

describe('a connection that must fail', () => {
  test.each<[string, string, RegExp, () => readonly string[]]>([
    [
      'a broker whose certificate is for another host',
      'KAFKA_TLS_FAILED (exit 53)',
      /host|other\.invalid/,
      () => [
        ...['--from', security.listeners['tls-other-host']],
        ...['--from-tls-ca', security.certificates.authority.pem],
      ],
    ],
    [
      'a broker whose certificate comes from an unknown authority',
      'KAFKA_TLS_FAILED (exit 53)',
      /certificate/,
      () => ['--from', security.listeners.tls, '--from-tls'],
    ],
    [
      'a listener that wants a certificate, without one',
      'KAFKA_TLS_FAILED (exit 53)',
      /certificate/,
      () => [
        ...['--from', security.listeners.mtls],
        ...['--from-tls-ca', security.certificates.authority.pem],
      ],
    ],
    [
      'a wrong password',
      'KAFKA_AUTHENTICATION_FAILED (exit 51)',
      /./,
      () => [
        ...['--from', security.listeners['sasl-plaintext'], '--from-sasl-mechanism', 'PLAIN'],
        ...['--from-sasl-username', 'stranger', '--from-sasl-password-file', passwordFile],
      ],
    ],
    [
      'a user who may not read the topic',
      'KAFKA_DENIED (exit 52)',
      /secret/,
      () => [
        ...['--from', security.listeners['sasl-plaintext']],
        ...['--from-sasl-mechanism', 'SCRAM-SHA-512', '--from-sasl-username', 'stranger'],
      ],
    ],
    [
      'a password as an argument',
      'CONFIG_INVALID (exit 2)',
      /process lists/,
      () => [
        ...['--from', security.listeners['sasl-plaintext'], '--from-sasl-mechanism', 'PLAIN'],
        ...['--from-sasl-username', 'admin', '--from-sasl-password', 'stranger-secret'],
      ],
    ],
    [
      'a password in an address',
      'CONFIG_INVALID (exit 2)',
      /process lists/,
      () => ['--from', 'admin:stranger-secret@127.0.0.1:9092'],
    ],
  ])('%s', async (_, code, sentence, connect) => {
    await using folder = await temporaryFolder()

    const { status, stderr } = await kannery(
      ['backup', ...connect(), '--to', join(folder.path, 'to'), '--topic', topic, '--once'],
      { env: { KANNERY_SASL_PASSWORD: 'stranger-secret' } },
    )

    expect(stderr).toContain(code)
    expect(String(status)).toBe(/exit (\d+)/.exec(code)?.[1])
    expect(stderr).toMatch(sentence)
    expect(stderr).toMatch(/what now\s+\S/)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stderr).not.toContain('stranger-secret')
    expect(stderr).not.toContain(security.users.admin.password)
  })
})

/** Kafka's PEM key stores hold the key and its certificates in one file. */
async function pemStore(...files: readonly string[]): Promise<string> {
  const parts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  const store = join(scratch.path, 'client-store.pem')
  await writeFile(store, parts.join(''))
  return store
}
