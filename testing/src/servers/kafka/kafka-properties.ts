import type { Certificates } from './certificates.ts'

/** Where a broker listens, by purpose. Each has a port of its own on loopback. */
export type ListenerName = 'plaintext' | SecureListenerName

/**
 * - `sasl-plaintext`, `sasl-tls`: PLAIN and both SCRAMs, without and with TLS
 * - `tls`: encrypted, anyone may connect
 * - `mtls`: the client must show a certificate
 * - `tls-other-host`: shows a certificate for another host
 */
export type SecureListenerName = 'sasl-plaintext' | 'sasl-tls' | 'tls' | 'mtls' | 'tls-other-host'

export const secureListeners: readonly SecureListenerName[] = [
  'sasl-plaintext',
  'sasl-tls',
  'tls',
  'mtls',
  'tls-other-host',
]

export interface User {
  readonly username: string
  readonly password: string
}

/** `admin` may do everything; `stranger` is known to the broker, and has no permission at all. */
export const users: Readonly<Record<'admin' | 'stranger', User>> = {
  admin: { username: 'admin', password: 'admin=secret with spaces & %2B' },
  stranger: { username: 'stranger', password: 'stranger-secret' },
}

export const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

const superUsers = ['ANONYMOUS', users.admin.username, 'CN=kannery-client']
const protocols: Readonly<Record<ListenerName | 'controller', string>> = {
  controller: 'PLAINTEXT',
  plaintext: 'PLAINTEXT',
  'sasl-plaintext': 'SASL_PLAINTEXT',
  'sasl-tls': 'SASL_SSL',
  tls: 'SSL',
  mtls: 'SSL',
  'tls-other-host': 'SSL',
}

export interface BrokerLayout {
  readonly id: number
  readonly folder: string
  readonly ports: Readonly<Partial<Record<ListenerName, number>>> & { readonly plaintext: number }
  readonly controllerPort: number
}

export interface ClusterLayout {
  readonly brokers: readonly BrokerLayout[]
  /** Present when there are secure listeners. */
  readonly certificates?: Certificates | undefined
  /** A folder of classes that its brokers need. */
  readonly classes?: string
  /** Added last, so they win. */
  readonly properties: Readonly<Record<string, string>>
}

/** The server.properties of one broker, which is also a controller. */
export function brokerProperties(cluster: ClusterLayout, broker: BrokerLayout): string {
  const replicas = String(Math.min(cluster.brokers.length, 3))
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(broker.id),
    'controller.quorum.voters': cluster.brokers
      .map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`)
      .join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    ...listenerProperties(broker),
    'log.dirs': `${broker.folder}/data`,
    'num.partitions': '1',
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'log.cleaner.backoff.ms': '200',
    'log.cleaner.dedupe.buffer.size': '8388608',
    'message.max.bytes': '33554432',
    'log.retention.hours': '-1',
    'controlled.shutdown.enable': 'false',
    ...(cluster.certificates === undefined ? {} : securityProperties(cluster.certificates)),
    ...cluster.properties,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${escapeValue(value)}\n`)
    .join('')
}

function listenerProperties(broker: BrokerLayout): Record<string, string> {
  const clients = Object.entries(broker.ports) as [ListenerName, number][]
  const addresses = clients.map(([name, port]) => `${propertyName(name)}://127.0.0.1:${port}`)
  return {
    listeners: [...addresses, `CONTROLLER://127.0.0.1:${broker.controllerPort}`].join(','),
    'advertised.listeners': addresses.join(','),
    'listener.security.protocol.map': Object.entries(protocols)
      .map(([name, protocol]) => `${propertyName(name)}:${protocol}`)
      .join(','),
  }
}

function securityProperties(certificates: Certificates): Record<string, string> {
  return {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': superUsers.map((name) => `User:${name}`).join(';'),
    ...saslProperties('sasl-plaintext'),
    ...saslProperties('sasl-tls'),
    ...tlsProperties('sasl-tls', certificates, certificates.server.pkcs12),
    ...tlsProperties('tls', certificates, certificates.server.pkcs12),
    ...tlsProperties('mtls', certificates, certificates.server.pkcs12),
    ...tlsProperties('tls-other-host', certificates, certificates.otherHost.pkcs12),
    'listener.name.mtls.ssl.client.auth': 'required',
  }
}

function saslProperties(listener: SecureListenerName): Record<string, string> {
  const prefix = `listener.name.${listener}`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const known = Object.values(users).map(
    ({ username, password }) => `user_${username}="${password}"`,
  )
  return {
    [`${prefix}.sasl.enabled.mechanisms`]: mechanisms.join(','),
    [`${prefix}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required ${known.join(' ')};`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: scram,
  }
}

function tlsProperties(
  listener: SecureListenerName,
  certificates: Certificates,
  keyStore: string,
): Record<string, string> {
  const prefix = `listener.name.${listener}.ssl`
  return {
    [`${prefix}.keystore.type`]: 'PKCS12',
    [`${prefix}.keystore.location`]: keyStore,
    [`${prefix}.keystore.password`]: certificates.storePassword,
    [`${prefix}.key.password`]: certificates.storePassword,
    [`${prefix}.truststore.type`]: 'PKCS12',
    [`${prefix}.truststore.location`]: certificates.authority.pkcs12,
    [`${prefix}.truststore.password`]: certificates.storePassword,
  }
}

function propertyName(listener: string): string {
  return listener.toUpperCase()
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\')
}
