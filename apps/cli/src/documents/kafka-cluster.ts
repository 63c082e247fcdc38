import { resolve } from 'node:path'
import type { KafkaClusterDocument } from '@kannery/resources'
import { saslMechanisms } from '@kannery/resources/values'
import type { Environment } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'

/**
 * What a person can say about a Kafka connection. Secrets are never among it: only where they
 * stand.
 */
export interface KafkaConnectionFlags {
  /** `host:port` pairs, separated by commas. */
  readonly bootstrap?: string | undefined
  /** A client.properties file of Kafka's own tools; the other flags win over it. */
  readonly configFile?: string | undefined
  readonly tls?: boolean | undefined
  readonly tlsCaFile?: string | undefined
  readonly tlsCertificateFile?: string | undefined
  readonly tlsKeyFile?: string | undefined
  readonly saslMechanism?: string | undefined
  readonly saslUsername?: string | undefined
  readonly saslPasswordFile?: string | undefined
}

/** The environment variables that hold the secrets that no file was named for. */
export const passwordVariable = 'KANNERY_SASL_PASSWORD'
export const keyPassphraseVariable = 'KANNERY_TLS_KEY_PASSPHRASE'

type Spec = KafkaClusterDocument['spec']

/** Where files of flags are looked for, and secrets without a file. */
export interface FlagContext {
  /** What a relative path is relative to. */
  readonly directory: string
  readonly environment: Environment
}

/**
 * The KafkaCluster that flags mean.
 *
 * @throws CONFIG_INVALID naming what is missing or contradicts itself
 */
export async function kafkaClusterDocument(
  flags: KafkaConnectionFlags,
  context: FlagContext,
): Promise<KafkaClusterDocument> {
  const { bootstrap, configFile } = flags
  if (bootstrap === undefined && configFile === undefined) {
    throw invalid(
      'no Kafka broker is named',
      'Give host:port, or a configuration file with bootstrap.servers.',
    )
  }
  const tls = tlsOf(flags, context)
  const sasl = saslOf(flags, context)
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'KafkaCluster',
    metadata: { name: 'kafka' },
    spec: {
      ...(bootstrap !== undefined && { bootstrapServers: await bootstrapServersOf(bootstrap) }),
      ...(configFile !== undefined && { clientProperties: fileOf(configFile, context) }),
      ...(tls && { tls }),
      ...(sasl && { sasl }),
    },
  }
}

async function bootstrapServersOf(text: string): Promise<readonly string[]> {
  const { formatHostPort, parseBootstrapServers } = await import('@kannery/kafka')
  return parseBootstrapServers(refuseSecret(text)).map(formatHostPort)
}

function tlsOf(
  { tls, tlsCaFile, tlsCertificateFile, tlsKeyFile }: KafkaConnectionFlags,
  context: FlagContext,
): Spec['tls'] {
  const files = [tlsCaFile, tlsCertificateFile, tlsKeyFile]
  if (tls !== true && files.every((file) => file === undefined)) return undefined
  if ((tlsCertificateFile === undefined) !== (tlsKeyFile === undefined)) {
    throw invalid(
      'a client certificate needs its key, and a key its certificate',
      'Give both files, as PEM.',
    )
  }
  const hasPassphrase = (context.environment[keyPassphraseVariable] ?? '') !== ''
  return {
    ...(tlsCaFile !== undefined && { ca: fileOf(tlsCaFile, context) }),
    ...(tlsCertificateFile !== undefined && { certificate: fileOf(tlsCertificateFile, context) }),
    ...(tlsKeyFile !== undefined && { key: fileOf(tlsKeyFile, context) }),
    ...(tlsKeyFile !== undefined &&
      hasPassphrase && { keyPassphrase: { environment: keyPassphraseVariable } }),
  }
}

function saslOf(
  { saslMechanism: mechanism, saslUsername: username, saslPasswordFile }: KafkaConnectionFlags,
  context: FlagContext,
): Spec['sasl'] {
  if (mechanism === undefined && username === undefined && saslPasswordFile === undefined) {
    return undefined
  }
  if (mechanism === undefined || username === undefined) {
    throw invalid(
      'SASL needs a mechanism and a user name',
      'Give both, and the password in a file or the environment.',
    )
  }
  const known = saslMechanisms.find((candidate) => candidate === mechanism)
  if (known === undefined) {
    throw invalid('the SASL mechanism is not known', `Known are ${saslMechanisms.join(', ')}.`)
  }
  const password =
    saslPasswordFile === undefined
      ? { environment: passwordVariable }
      : fileOf(saslPasswordFile, context)
  return { mechanism: known, username, password }
}

function fileOf(path: string, { directory }: FlagContext): { readonly file: string } {
  return { file: resolve(directory, path) }
}

function refuseSecret(bootstrap: string): string {
  if (!bootstrap.includes('@')) return bootstrap
  throw new KanneryError('CONFIG_INVALID', 'a broker address holds no user and no password', {
    why: 'arguments end up in process lists, logs and shell histories',
    remedy: `Give the user by its option, and the password in a file or in ${passwordVariable}.`,
  })
}

function invalid(message: string, remedy: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, { remedy })
}
