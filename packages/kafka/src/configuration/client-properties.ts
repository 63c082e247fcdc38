import { KanneryError } from '@kannery/storage'
import { parseBootstrapServers } from './bootstrap-servers.ts'
import { assertKnownSettings } from './client-settings.ts'
import {
  defaultClientId,
  defaultConnectTimeoutMs,
  defaultRequestTimeoutMs,
  type KafkaConnectionOptions,
  type SaslMechanism,
  type SaslOptions,
  type TlsOptions,
} from './connection-options.ts'
import { parseJaas } from './jaas.ts'
import {
  type ClientIdentity,
  checkedCertificates,
  checkedIdentity,
  readKeyStore,
  readTrustStore,
  type StoreFile,
} from './key-stores.ts'
import { certificatesOf, privateKeyOf } from './pem.ts'
import { parseProperties } from './properties.ts'

/** Access to what the properties refer to. */
export interface ClientPropertiesContext {
  /**
   * Reads a file that the properties name. The caller decides what a relative path is relative to.
   */
  readFile(path: string): Promise<Uint8Array>
}

type Properties = ReadonlyMap<string, string>

/**
 * Parses a client.properties file of Kafka's own tools: how to reach, trust and log in to a
 * cluster. Settings of producers and consumers are ignored; a security setting that Kannery cannot
 * follow is an error. `bootstrapServers` is empty when the file has none.
 *
 * @param text the bytes of the file decoded as ISO 8859-1, as Java does
 * @throws CONFIG_INVALID with the setting, but without its value where that may be a secret.
 */
export async function parseClientProperties(
  text: string,
  context: ClientPropertiesContext,
): Promise<KafkaConnectionOptions> {
  const properties: Properties = new Map(
    [...parseProperties(text)].map(([key, value]) => [key, trimmed(value)]),
  )
  assertKnownSettings(properties)
  const { tls, sasl } = securityProtocol(properties)
  const servers = properties.get('bootstrap.servers') ?? ''
  return {
    bootstrapServers: servers === '' ? [] : parseBootstrapServers(servers),
    clientId: nonEmpty(properties, 'client.id') ?? defaultClientId,
    tls: tls ? await tlsOptions(properties, context) : undefined,
    sasl: sasl ? saslOptions(properties) : undefined,
    connectTimeoutMs:
      milliseconds(properties, 'socket.connection.setup.timeout.ms') ?? defaultConnectTimeoutMs,
    requestTimeoutMs: milliseconds(properties, 'request.timeout.ms') ?? defaultRequestTimeoutMs,
  }
}

/**
 * Trims as String.trim of Java does, which Kafka applies to every value: control characters and
 * spaces only.
 */
function trimmed(value: string): string {
  return value.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '')
}

const securityProtocols: Readonly<
  Record<string, { readonly tls: boolean; readonly sasl: boolean }>
> = {
  PLAINTEXT: { tls: false, sasl: false },
  SSL: { tls: true, sasl: false },
  SASL_PLAINTEXT: { tls: false, sasl: true },
  SASL_SSL: { tls: true, sasl: true },
}

function securityProtocol(properties: Properties): {
  readonly tls: boolean
  readonly sasl: boolean
} {
  const name = (nonEmpty(properties, 'security.protocol') ?? 'PLAINTEXT').toUpperCase()
  const protocol = Object.hasOwn(securityProtocols, name) ? securityProtocols[name] : undefined
  if (protocol === undefined) {
    throw invalid('security.protocol', `unknown security.protocol "${name}"`, {
      why: `Kafka has ${Object.keys(securityProtocols).join(', ')}`,
    })
  }
  return protocol
}

const passwordModules: Readonly<Record<SaslMechanism, string>> = {
  PLAIN: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  'SCRAM-SHA-256': 'org.apache.kafka.common.security.scram.ScramLoginModule',
  'SCRAM-SHA-512': 'org.apache.kafka.common.security.scram.ScramLoginModule',
}

function saslOptions(properties: Properties): SaslOptions {
  const mechanism = saslMechanism(properties)
  const text = nonEmpty(properties, 'sasl.jaas.config')
  if (text === undefined) {
    throw invalid('sasl.jaas.config', 'sasl.jaas.config is missing', {
      why: 'a separate JAAS file (java.security.auth.login.config) is not read',
      remedy: jaasExample(mechanism),
    })
  }
  const entry = parseJaas(text)
  if (entry === undefined) {
    throw invalid('sasl.jaas.config', 'sasl.jaas.config cannot be read', {
      why: 'it is not of the form: LoginModule required option="value" …;',
      remedy: jaasExample(mechanism),
    })
  }
  const { loginModule, options } = entry
  const username = options.get('username')
  const password = options.get('password')
  if (
    loginModule !== passwordModules[mechanism] ||
    username === undefined ||
    password === undefined
  ) {
    throw invalid('sasl.jaas.config', `sasl.jaas.config does not fit ${mechanism}`, {
      why: `${mechanism} needs ${passwordModules[mechanism]} with username and password`,
      remedy: jaasExample(mechanism),
    })
  }
  if (options.get('tokenauth') === 'true') {
    throw invalid('sasl.jaas.config', 'delegation tokens are not supported', {
      why: 'sasl.jaas.config has tokenauth=true',
    })
  }
  return { mechanism, username, password }
}

function saslMechanism(properties: Properties): SaslMechanism {
  // This is Kafka's default. Those who want it write it down.
  const name = nonEmpty(properties, 'sasl.mechanism') ?? 'GSSAPI'
  const known = Object.keys(passwordModules).find((mechanism) => mechanism === name)
  if (known === undefined) {
    throw invalid('sasl.mechanism', `the SASL mechanism ${name} is not supported`, {
      why: `Kannery supports ${Object.keys(passwordModules).join(', ')}${properties.has('sasl.mechanism') ? '' : '; the default of Kafka is GSSAPI (Kerberos)'}`,
      remedy: 'Set sasl.mechanism to one of these, and use a listener that offers it.',
    })
  }
  return known as SaslMechanism
}

async function tlsOptions(
  properties: Properties,
  context: ClientPropertiesContext,
): Promise<TlsOptions> {
  const ca = await trustedCertificates(properties, context)
  const identity = await clientIdentity(properties, context)
  return {
    ca,
    ...identity,
    serverNameCheck: serverNameCheck(properties),
  }
}

async function trustedCertificates(
  properties: Properties,
  context: ClientPropertiesContext,
): Promise<string | undefined> {
  const setting = 'ssl.truststore.certificates'
  const inline = nonEmpty(properties, setting)
  if (inline === undefined) {
    const store = await storeFile(properties, 'ssl.truststore', context)
    return store === undefined ? undefined : readTrustStore(store)
  }
  const certificates = certificatesOf(inline)
  if (certificates === undefined) {
    throw invalid(setting, `${setting} holds no certificate`, { why: 'it is not PEM' })
  }
  return checkedCertificates(certificates, setting)
}

async function clientIdentity(
  properties: Properties,
  context: ClientPropertiesContext,
): Promise<ClientIdentity | undefined> {
  const keyPassword = nonEmpty(properties, 'ssl.key.password')
  const inlineKey = nonEmpty(properties, 'ssl.keystore.key')
  const inlineChain = nonEmpty(properties, 'ssl.keystore.certificate.chain')
  if (inlineKey === undefined && inlineChain === undefined) {
    const store = await storeFile(properties, 'ssl.keystore', context)
    return store === undefined ? undefined : readKeyStore(store, keyPassword)
  }
  const key = privateKeyOf(inlineKey ?? '')
  const cert = certificatesOf(inlineChain ?? '')
  if (key === undefined || cert === undefined) {
    const setting = key === undefined ? 'ssl.keystore.key' : 'ssl.keystore.certificate.chain'
    throw invalid(setting, 'a client certificate needs its key, and a key its certificate', {
      why: `${setting} is missing or not PEM`,
    })
  }
  const setting = 'ssl.keystore.certificate.chain'
  return checkedIdentity({ cert, key, passphrase: keyPassword }, { setting })
}

async function storeFile(
  properties: Properties,
  prefix: 'ssl.truststore' | 'ssl.keystore',
  context: ClientPropertiesContext,
): Promise<StoreFile | undefined> {
  const setting = `${prefix}.location`
  const location = nonEmpty(properties, setting)
  if (location === undefined) return undefined
  const content = Buffer.from(await context.readFile(location))
  return { setting, location, content, password: nonEmpty(properties, `${prefix}.password`) }
}

/**
 * Reads whether to check the host name. An empty value turns the check off: this is Kafka's
 * documented way, and it must be written down on purpose.
 */
function serverNameCheck(properties: Properties): boolean {
  const setting = 'ssl.endpoint.identification.algorithm'
  const algorithm = properties.get(setting) ?? 'https'
  if (algorithm !== '' && algorithm.toLowerCase() !== 'https') {
    throw invalid(setting, `unknown ${setting} "${algorithm}"`, { why: 'it is https, or empty' })
  }
  return algorithm !== ''
}

function milliseconds(properties: Properties, setting: string): number | undefined {
  const text = nonEmpty(properties, setting)
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) {
    throw invalid(setting, `${setting} is not a number of milliseconds: "${text}"`, {
      why: 'it has to be a whole number above 0',
    })
  }
  return Number(text)
}

function nonEmpty(properties: Properties, setting: string): string | undefined {
  const value = properties.get(setting)
  return value === '' ? undefined : value
}

function jaasExample(mechanism: SaslMechanism): string {
  return `Write sasl.jaas.config=${passwordModules[mechanism]} required username="…" password="…";`
}

function invalid(
  setting: string,
  message: string,
  reason: { readonly why: string; readonly remedy?: string },
): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, { ...reason, facts: { setting } })
}
