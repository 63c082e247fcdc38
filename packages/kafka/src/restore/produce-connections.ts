import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import {
  decodeProduceResponse,
  encodeProduceRequest,
  type ProduceResponse,
  type ProduceTarget,
  produceApiKey,
  produceVersions,
} from '../protocol/produce.ts'
import type { BrokerConnection } from '../transport/broker-connection.ts'
import type { OutgoingBatch } from './partition-lane.ts'

/** One connection does not saturate a broker: it works on one request of a connection at a time. */
const connectionsPerBroker = 4
/** How long a broker may wait for its replicas, as request.timeout.ms of the Java client. */
const replicaTimeoutMs = 30_000

interface Slot {
  readonly opening: Promise<BrokerConnection>
  connection?: BrokerConnection
}

/**
 * The connections to the leaders of one topic. Each partition is pinned to one of a broker's connections, so that its batches
 * arrive in the order in which they were sent. They are opened when first needed, and again when broken.
 */
export class ProduceConnections implements AsyncDisposable {
  readonly #cluster: Pick<KafkaCluster, 'openConnection'>
  readonly #target: ProduceTarget
  readonly #slots = new Map<string, Slot>()
  #disposed = false

  constructor(cluster: Pick<KafkaCluster, 'openConnection'>, target: ProduceTarget) {
    this.#cluster = cluster
    this.#target = target
  }

  /** Sends one batch to the broker, behind those of its partition that were sent before. */
  async send(brokerId: number, batch: OutgoingBatch): Promise<ProduceResponse> {
    // All who wait for one connection wait for the same promise: so they go on in the order of their calls.
    const connection = await this.#slot(brokerId, batch.partition).opening
    const { least, greatest } = produceVersions
    const version = connection.pickVersion(produceApiKey, least, greatest)
    const frame = await connection.request({
      apiKey: produceApiKey,
      apiVersion: version,
      flexible: true,
      body: encodeProduceRequest({
        version,
        target: this.#target,
        timeoutMs: replicaTimeoutMs,
        batches: [batch],
      }),
    })
    const response = decodeProduceResponse(frame, version)
    connection.throttle(response.throttleTimeMs)
    return response
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    const slots = [...this.#slots.values()]
    this.#slots.clear()
    await Promise.all(slots.map(closeWhenOpen))
  }

  #slot(brokerId: number, partition: number): Slot {
    const key = `${brokerId}/${partition % connectionsPerBroker}`
    const known = this.#slots.get(key)
    if (known !== undefined && known.connection?.usable !== false) return known
    const slot: Slot = { opening: this.#open(brokerId) }
    this.#slots.set(key, slot)
    slot.opening.then(
      (connection) => {
        slot.connection = connection
      },
      () => {
        if (this.#slots.get(key) === slot) this.#slots.delete(key)
      },
    )
    return slot
  }

  async #open(brokerId: number): Promise<BrokerConnection> {
    const connection = await this.#cluster.openConnection(brokerId)
    // Nobody would close it any more; as a closed one it refuses the request.
    if (this.#disposed) await connection[Symbol.asyncDispose]()
    return connection
  }
}

async function closeWhenOpen({ opening }: Slot): Promise<void> {
  const connection = await opening.catch(() => undefined)
  await connection?.[Symbol.asyncDispose]()
}
