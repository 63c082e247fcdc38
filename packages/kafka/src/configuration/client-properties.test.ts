import { describe, expect, test } from 'vitest'
import { parseClientProperties } from './client-properties.ts'
import type { KafkaConnectionOptions } from './connection-options.ts'

const noFiles = {
  readFile: (path: string): Promise<Uint8Array> => Promise.reject(new Error(`read ${path}`)),
}
const parse = (...lines: readonly string[]): Promise<KafkaConnectionOptions> =>
  parseClientProperties(lines.join('\n'), noFiles)

const plainLogin = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const scramLogin = 'org.apache.kafka.common.security.scram.ScramLoginModule'

describe('client.properties', () => {
  test('of an open cluster name its servers, and settings of producers and consumers are ignored', async () => {
    expect(
      await parse('bootstrap.servers=a:1,b:2', 'acks=all', 'group.id=g', 'ssl.keystore.location='),
    ).toEqual({
      bootstrapServers: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      clientId: 'kannery',
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
    })
  })

  test('may set the client id and the timeouts', async () => {
    expect(
      await parse(
        'client.id=nightly',
        'request.timeout.ms=5000',
        'socket.connection.setup.timeout.ms=700',
      ),
    ).toMatchObject({ clientId: 'nightly', requestTimeoutMs: 5000, connectTimeoutMs: 700 })
  })

  test.each([
    ['PLAIN', plainLogin],
    ['SCRAM-SHA-256', scramLogin],
    ['SCRAM-SHA-512', scramLogin],
  ])('with %s have user and password, quoted as JAAS does', async (mechanism, login) => {
    const { sasl, tls } = await parse(
      'security.protocol=SASL_PLAINTEXT',
      `sasl.mechanism=${mechanism}`,
      `sasl.jaas.config=${login} required username="o\\\\"neill" password="s;=p";`,
    )
    expect(sasl).toEqual({ mechanism, username: 'o"neill', password: 's;=p' })
    expect(tls).toBeUndefined()
  })

  test('with TLS verify the host name, unless it is turned off on purpose', async () => {
    expect((await parse('security.protocol=SSL')).tls).toEqual({ serverNameCheck: true })
    expect(
      (await parse('security.protocol=ssl', 'ssl.endpoint.identification.algorithm=')).tls,
    ).toEqual({ serverNameCheck: false })
  })
})

describe('refused properties, with the setting and without secrets:', () => {
  test.each([
    ['security.protocol', ['security.protocol=TLS']],
    ['sasl.mechanism', ['security.protocol=SASL_SSL', 'sasl.mechanism=GSSAPI']],
    ['sasl.mechanism', ['security.protocol=SASL_SSL']],
    ['sasl.jaas.config', ['security.protocol=SASL_SSL', 'sasl.mechanism=PLAIN']],
    [
      'sasl.jaas.config',
      ['security.protocol=SASL_SSL', 'sasl.mechanism=PLAIN', 'sasl.jaas.config=secret required'],
    ],
    [
      'sasl.jaas.config',
      [
        'security.protocol=SASL_SSL',
        'sasl.mechanism=PLAIN',
        `sasl.jaas.config=${scramLogin} required username="u" password="secret";`,
      ],
    ],
    [
      'sasl.jaas.config',
      [
        'security.protocol=SASL_SSL',
        'sasl.mechanism=SCRAM-SHA-256',
        `sasl.jaas.config=${scramLogin} required username="u" password="secret" tokenauth="true";`,
      ],
    ],
    ['request.timeout.ms', ['request.timeout.ms=soon']],
    ['request.timeout.ms', ['request.timeout.ms=0']],
    ['bootstrap.servers', ['bootstrap.servers=nowhere']],
    [
      'ssl.truststore.certificates',
      ['security.protocol=SSL', 'ssl.truststore.certificates=secret'],
    ],
    ['ssl.keystore.key', ['security.protocol=SSL', 'ssl.keystore.certificate.chain=secret']],
    [
      'ssl.endpoint.identification.algorithm',
      ['security.protocol=SSL', 'ssl.endpoint.identification.algorithm=none'],
    ],
    ['ssl.cipher.suites', ['ssl.cipher.suites=TLS_AES_256_GCM_SHA384']],
    ['ssl.engine.factory.class', ['ssl.engine.factory.class=com.example.Factory']],
    [
      'sasl.login.callback.handler.class',
      ['sasl.login.callback.handler.class=com.example.Handler'],
    ],
    ['config.providers', ['config.providers=vault']],
    ['ssl.something.new', ['ssl.something.new=secret']],
  ] as const)('%s: %j', async (setting, lines) => {
    const error: unknown = await parse(...lines).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', facts: { setting } })
    expect(JSON.stringify(error) + String(error)).not.toContain('secret')
  })
})
