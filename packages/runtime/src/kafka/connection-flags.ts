import { readFile } from 'node:fs/promises'
import type { HostPort, KafkaConnectionOptions, PemFile } from '@kannery/kafka'
import { KanneryError } from '@kannery/storage'
import type { Environment } from '../environment.ts'

/**
 * What a person can say about a Kafka connection. Secrets are never among it: only where they
 * stand.
 */
export interface KafkaConnectionFlags {
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

export const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
type SaslMechanism = (typeof saslMechanisms)[number]

/**
 * The connection that flags, a client.properties file and the environment describe together.
 *
 * @throws CONFIG_INVALID naming what is missing or contradicts itself
 */
export async function resolveKafkaConnection(
  flags: KafkaConnectionFlags,
  environment: Environment,
): Promise<KafkaConnectionOptions> {
  const base = flags.configFile === undefined ? undefined : await readProperties(flags.configFile)
  const bootstrapServers =
    flags.bootstrap === undefined ? base?.bootstrapServers : await readBootstrap(flags.bootstrap)
  if (bootstrapServers === undefined || bootstrapServers.length === 0) {
    throw invalid(
      'no Kafka broker is named',
      'Give host:port, or a configuration file with bootstrap.servers.',
    )
  }
  const tls = (await tlsFromFlags(flags, environment)) ?? base?.tls
  const sasl = (await saslFromFlags(flags, environment)) ?? base?.sasl
  return {
    clientId: base?.clientId ?? 'kannery',
    connectTimeoutMs: base?.connectTimeoutMs ?? 10_000,
    requestTimeoutMs: base?.requestTimeoutMs ?? 30_000,
    bootstrapServers,
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  }
}

async function readBootstrap(text: string): Promise<readonly HostPort[]> {
  const { parseBootstrapServers } = await import('@kannery/kafka')
  return parseBootstrapServers(refuseSecret(text))
}

async function readProperties(path: string): Promise<KafkaConnectionOptions> {
  const { parseClientProperties } = await import('@kannery/kafka')
  return await parseClientProperties((await readNamedFile(path)).toString('latin1'), {
    readFile: readNamedFile,
  })
}

async function tlsFromFlags(
  flags: KafkaConnectionFlags,
  environment: Environment,
): Promise<KafkaConnectionOptions['tls']> {
  const { tlsCaFile, tlsCertificateFile, tlsKeyFile } = flags
  if (
    flags.tls !== true &&
    tlsCaFile === undefined &&
    tlsCertificateFile === undefined &&
    tlsKeyFile === undefined
  ) {
    return undefined
  }
  if ((tlsCertificateFile === undefined) !== (tlsKeyFile === undefined)) {
    throw invalid(
      'a client certificate needs its key, and a key its certificate',
      'Give both files, as PEM.',
    )
  }
  const { readAuthorities, readIdentity } = await import('@kannery/kafka')
  const passphrase = {
    value: withoutLastLineEnd(environment[keyPassphraseVariable]),
    setting: keyPassphraseVariable,
  }
  return {
    serverNameCheck: true,
    ...(tlsCaFile === undefined ? {} : { ca: readAuthorities(await readPem(tlsCaFile)) }),
    ...(tlsCertificateFile === undefined || tlsKeyFile === undefined
      ? {}
      : readIdentity(await readPem(tlsCertificateFile), await readPem(tlsKeyFile), passphrase)),
  }
}

async function readPem(path: string): Promise<PemFile> {
  return { path, text: (await readNamedFile(path)).toString('utf8') }
}

/** Secrets come with the line end of the command that made them. */
function withoutLastLineEnd(secret: string | undefined): string | undefined {
  return secret?.replace(/\r?\n$/, '')
}

async function saslFromFlags(
  flags: KafkaConnectionFlags,
  environment: Environment,
): Promise<KafkaConnectionOptions['sasl']> {
  const { saslMechanism: mechanism, saslUsername: username, saslPasswordFile } = flags
  if (mechanism === undefined && username === undefined && saslPasswordFile === undefined)
    return undefined
  if (mechanism === undefined || username === undefined) {
    throw invalid(
      'SASL needs a mechanism and a user name',
      'Give both, and the password in a file or the environment.',
    )
  }
  const known = saslMechanisms.find(
    (candidate): candidate is SaslMechanism => candidate === mechanism,
  )
  if (known === undefined) {
    throw invalid(
      `unknown SASL mechanism ${JSON.stringify(mechanism)}`,
      `Known are ${saslMechanisms.join(', ')}.`,
    )
  }
  const password = withoutLastLineEnd(
    saslPasswordFile === undefined
      ? environment[passwordVariable]
      : (await readNamedFile(saslPasswordFile)).toString('utf8'),
  )
  if (password === undefined || password === '') {
    throw invalid(
      'the SASL password is missing',
      `Put it into a file and name it, or set ${passwordVariable}.`,
    )
  }
  return { mechanism: known, username, password }
}

function refuseSecret(bootstrap: string): string {
  if (!bootstrap.includes('@')) return bootstrap
  throw new KanneryError('CONFIG_INVALID', 'a broker address holds no user and no password', {
    why: 'arguments end up in process lists, logs and shell histories',
    remedy: `Give the user by its option, and the password in a file or in ${passwordVariable}.`,
  })
}

async function readNamedFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new KanneryError('CONFIG_INVALID', `the file ${path} cannot be read`, {
      why: (cause as NodeJS.ErrnoException).code ?? String(cause),
      remedy: 'Check the path and its permissions.',
      cause,
    })
  }
}

function invalid(message: string, remedy: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, { remedy })
}
