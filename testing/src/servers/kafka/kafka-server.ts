import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../processes/free-ports.ts'
import { run } from '../processes/run.ts'
import { SupervisedProcess } from '../processes/supervised-process.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { countLiveBrokers } from './count-live-brokers.ts'
import { installKafka, type KafkaInstallation } from './kafka-installation.ts'
import {
  type BrokerLayout,
  brokerProperties,
  type ClusterLayout,
  type SecureListenerName,
  secureListeners,
  users,
} from './kafka-properties.ts'
import { compilePolicy, policyProperties, type TopicBounds } from './topic-policy.ts'

const START_PATIENCE_MS = 90_000
const DEFAULT_HEAP_MB = 256

export interface KafkaOptions {
  /** Number of brokers, each also a controller. Defaults to 1. */
  readonly brokers?: 1 | 3
  /** Adds the listeners that want TLS or a password, and an authorizer. */
  readonly security?: boolean
  readonly heapMb?: number
  /** Port of the first broker's plaintext listener. Defaults to a free port. */
  readonly port?: number
  /**
   * Values of settings beyond which brokers refuse to create or alter a topic. Defaults to none.
   */
  readonly bounds?: TopicBounds
  /** Added to each broker's server.properties. */
  readonly properties?: Readonly<Record<string, string>>
}

export interface KafkaSecurity {
  /** host:port of the first broker, by listener. */
  readonly listeners: Readonly<Record<SecureListenerName, string>>
  readonly certificates: Certificates
  readonly users: typeof users
}

export interface KafkaServer extends AsyncDisposable {
  /** Plaintext addresses, host:port, separated by commas. */
  readonly bootstrapServers: string
  /** Present when asked for. */
  readonly security: KafkaSecurity | undefined
  /** In the order of the brokers' ids, which start at 1. */
  readonly processes: readonly SupervisedProcess[]
  /** Kills one broker as a power cut would. */
  killBroker(id: number): Promise<void>
  /** Kills all and removes their data. */
  stop(): Promise<void>
}

/**
 * Starts Apache Kafka in KRaft mode on free ports of loopback, with its data in a temporary folder.
 * Resolves when every broker answers requests and knows all the others. It ends with `stop`, and
 * with this process, however that ends.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const kafka = await installKafka()
  const cluster = await prepare(kafka, options)
  const heapMb = options.heapMb ?? DEFAULT_HEAP_MB
  const processes = new Map(
    cluster.brokers.map((broker) => {
      const command = kafka.java(
        { heapMb, classes: cluster.classes },
        'kafka.Kafka',
        propertiesFile(broker),
      )
      return [broker.id, new SupervisedProcess(broker.folder, command)]
    }),
  )
  const stop = async (): Promise<void> => {
    await Promise.all(Array.from(processes.values(), (broker) => broker.stop()))
  }
  try {
    await Promise.all(cluster.brokers.map((broker) => ready(cluster, broker, processes)))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    bootstrapServers: cluster.brokers.map(({ ports }) => `127.0.0.1:${ports.plaintext}`).join(','),
    security: describeSecurity(cluster),
    processes: Array.from(processes.values()),
    killBroker: async (id) => processes.get(id)?.stop(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * Creates the folders with everything that the brokers need to start. Removes them if that fails.
 */
async function prepare(kafka: KafkaInstallation, options: KafkaOptions): Promise<ClusterLayout> {
  const root = await mkdtemp(join(tmpdir(), 'kannery-kafka-'))
  try {
    const layout = await layOut(root, options)
    const cluster = options.bounds === undefined ? layout : await withPolicy(kafka, layout)
    await format(kafka, cluster)
    return cluster
  } catch (error) {
    await rm(root, { recursive: true, force: true })
    throw error
  }
}

async function layOut(root: string, options: KafkaOptions): Promise<ClusterLayout> {
  const listeners = ['plaintext', ...(options.security ? secureListeners : [])] as const
  const count = options.brokers ?? 1
  const ports = await freePorts(count * (listeners.length + 1))
  const take = (): number => ports.pop() ?? 0
  const plaintextPort = (id: number): number => (id === 1 ? options.port : undefined) ?? take()
  const brokers = Array.from({ length: count }, (_, index): BrokerLayout => {
    const id = index + 1
    return {
      id,
      folder: join(root, `broker-${id}`),
      controllerPort: take(),
      ports: {
        plaintext: plaintextPort(id),
        ...Object.fromEntries(listeners.slice(1).map((name) => [name, take()])),
      },
    }
  })
  await Promise.all(brokers.map(({ folder }) => mkdir(folder)))
  const certificates = options.security
    ? await certificatesIn(join(root, 'broker-1/certificates'))
    : undefined
  const bounds = options.bounds === undefined ? {} : policyProperties(options.bounds)
  return { brokers, certificates, properties: { ...bounds, ...options.properties } }
}

/** Its class lies in the folder of the first broker, and goes with that. */
async function withPolicy(kafka: KafkaInstallation, layout: ClusterLayout): Promise<ClusterLayout> {
  const [first] = layout.brokers
  return first === undefined
    ? layout
    : { ...layout, classes: await compilePolicy(kafka, first.folder) }
}

async function certificatesIn(folder: string): Promise<Certificates> {
  await mkdir(folder)
  return makeCertificates(folder)
}

async function format(kafka: KafkaInstallation, cluster: ClusterLayout): Promise<void> {
  const clusterId = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
  await Promise.all(
    cluster.brokers.map(async (broker) => {
      await writeFile(propertiesFile(broker), brokerProperties(cluster, broker))
      const [java = 'java', ...rest] = kafka.java(
        { heapMb: 128, classes: cluster.classes },
        'kafka.tools.StorageTool',
        'format',
        // In one word: an id may begin with a dash.
        `--cluster-id=${clusterId}`,
        '--config',
        propertiesFile(broker),
        ...(cluster.certificates === undefined ? [] : scramArguments()),
      )
      await run(java, rest)
    }),
  )
}

function scramArguments(): string[] {
  return Object.values(users).flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name="${username}",password="${password}"]`,
    ]),
  )
}

async function ready(
  cluster: ClusterLayout,
  broker: BrokerLayout,
  processes: ReadonlyMap<number, SupervisedProcess>,
): Promise<void> {
  const deadline = performance.now() + START_PATIENCE_MS
  for (;;) {
    const supervised = processes.get(broker.id)
    if (supervised?.hasEnded) throw new Error(`Kafka did not start:\n${supervised.lastWords}`)
    const alive = await countLiveBrokers(broker.ports.plaintext)
    if (alive === cluster.brokers.length) return
    if (performance.now() > deadline) {
      throw new Error(`Kafka gave no answer within ${START_PATIENCE_MS / 1000} s`)
    }
    await delay(50)
  }
}

function describeSecurity(cluster: ClusterLayout): KafkaSecurity | undefined {
  const [first] = cluster.brokers
  if (cluster.certificates === undefined || first === undefined) return undefined
  const address = (name: SecureListenerName): string => `127.0.0.1:${first.ports[name]}`
  return {
    listeners: {
      'sasl-plaintext': address('sasl-plaintext'),
      'sasl-tls': address('sasl-tls'),
      tls: address('tls'),
      mtls: address('mtls'),
      'tls-other-host': address('tls-other-host'),
    },
    certificates: cluster.certificates,
    users,
  }
}

function propertiesFile(broker: BrokerLayout): string {
  return join(broker.folder, 'server.properties')
}
