import type { KafkaCluster, KafkaConnectionOptions, PemFile } from '@kannery/kafka'
import type { KafkaCluster as ClusterDocument, SecretReference } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import { readNamedFile, readSecret } from '../read-secret.ts'
import { type Environment, systemClock, systemRandom } from '../system.ts'

/**
 * Connects to the cluster at the other end of a connection.
 *
 * @param signal ends attempts to connect
 * @throws KAFKA_* when no broker can be used
 */
export async function connectKafka(
  connection: KafkaConnectionOptions,
  signal?: AbortSignal,
): Promise<KafkaCluster> {
  const { KafkaCluster } = await import('@kannery/kafka')
  return await KafkaCluster.connect({
    connection,
    clock: systemClock,
    random: systemRandom,
    signal,
  })
}

/**
 * The connection that a document, the files that it names and the environment describe together.
 *
 * @throws CONFIG_INVALID naming the field, file or variable; never with a secret in it
 */
export async function kafkaConnection(
  document: ClusterDocument,
  environment: Environment,
): Promise<KafkaConnectionOptions> {
  const reader = new ReferenceReader(document.metadata.name, environment)
  const { clientProperties, bootstrapServers, tls, sasl } = document.spec
  const base = clientProperties && (await readProperties(reader, clientProperties))
  const servers = bootstrapServers && (await readBootstrap(bootstrapServers))
  const connection: KafkaConnectionOptions = {
    ...defaults,
    ...base,
    ...(servers && { bootstrapServers: servers }),
    ...(tls && { tls: await readTls(reader, tls) }),
    ...(sasl && {
      sasl: {
        mechanism: sasl.mechanism,
        username: sasl.username,
        password: await reader.text('spec.sasl.password', sasl.password),
      },
    }),
  }
  if (connection.bootstrapServers.length === 0) throw noBroker(reader.nameOf(propertiesField))
  return connection
}

const propertiesField = 'spec.clientProperties'

function noBroker(field: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `${field}: names no broker`, {
    why: 'bootstrap.servers is missing',
    remedy: 'Add bootstrap.servers, or name the brokers beside these properties.',
    facts: { field },
  })
}

const defaults = {
  clientId: 'kannery',
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  bootstrapServers: [],
} as const satisfies KafkaConnectionOptions

/** Reads the references of one document. */
class ReferenceReader {
  readonly #name: string
  readonly #environment: Environment

  constructor(name: string, environment: Environment) {
    this.#name = name
    this.#environment = environment
  }

  /** What errors call a field of the document. */
  nameOf(field: string): string {
    return `KafkaCluster "${this.#name}": ${field}`
  }

  async text(field: string, reference: SecretReference): Promise<string> {
    return await readSecret(reference, {
      field: this.nameOf(field),
      environment: this.#environment,
    })
  }

  async pem(field: string, reference: SecretReference): Promise<PemFile> {
    const path = reference.file ?? reference.environment ?? field
    return { path, text: await this.text(field, reference) }
  }
}

async function readBootstrap(
  servers: readonly string[],
): Promise<KafkaConnectionOptions['bootstrapServers']> {
  const { parseBootstrapServers } = await import('@kannery/kafka')
  return parseBootstrapServers(servers.join(','))
}

async function readProperties(
  reader: ReferenceReader,
  reference: SecretReference,
): Promise<KafkaConnectionOptions> {
  const { parseClientProperties } = await import('@kannery/kafka')
  const readFile = (path: string): Promise<Buffer> =>
    readNamedFile(path, reader.nameOf(propertiesField))
  const text =
    reference.file === undefined
      ? await reader.text(propertiesField, reference)
      : // As Java reads it.
        (await readFile(reference.file)).toString('latin1')
  return await parseClientProperties(text, { readFile })
}

async function readTls(
  reader: ReferenceReader,
  { ca, certificate, key, keyPassphrase }: NonNullable<ClusterDocument['spec']['tls']>,
): Promise<NonNullable<KafkaConnectionOptions['tls']>> {
  const { readAuthorities, readIdentity } = await import('@kannery/kafka')
  const passphrase = {
    value: keyPassphrase && (await reader.text('spec.tls.keyPassphrase', keyPassphrase)),
    setting: keyPassphrase?.environment ?? keyPassphrase?.file ?? 'the passphrase of the key',
  }
  return {
    serverNameCheck: true,
    ...(ca && { ca: readAuthorities(await reader.pem('spec.tls.ca', ca)) }),
    ...(certificate &&
      key &&
      readIdentity(
        await reader.pem('spec.tls.certificate', certificate),
        await reader.pem('spec.tls.key', key),
        passphrase,
      )),
  }
}
