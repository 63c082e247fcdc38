import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import { SharedConnections } from '../../cluster/shared-connections.ts'
import {
  decodeProduceResponse,
  encodeProduceRequest,
  type ProduceResponse,
  type ProduceTarget,
  produceApi,
} from '../../protocol/produce.ts'
import { requestOf } from '../../transport/broker-request.ts'
import { decodeAnswer } from '../../transport/decode-answer.ts'
import type { OutgoingBatch } from './partition-lane.ts'

/** One connection does not saturate a broker: it works on one request of a connection at a time. */
const connectionsPerBroker = 4
/** How long a broker may wait for its replicas: request.timeout.ms of the Java client. */
const replicaTimeoutMs = 30_000

/**
 * The connections to the leaders of one topic. Each partition is pinned to one of a broker's
 * connections, so that its batches arrive in the order in which they were sent. They are opened
 * when first needed, and again when broken.
 */
export class ProduceConnections implements AsyncDisposable {
  readonly #cluster: Pick<KafkaCluster, 'openConnection'>
  readonly #target: ProduceTarget
  readonly #connections = new SharedConnections()

  constructor(cluster: Pick<KafkaCluster, 'openConnection'>, target: ProduceTarget) {
    this.#cluster = cluster
    this.#target = target
  }

  /** Sends one batch to the broker, after those of its partition that were sent before. */
  async send(brokerId: number, batch: OutgoingBatch): Promise<ProduceResponse> {
    const name = `${brokerId}/${batch.partition % connectionsPerBroker}`
    const connection = await this.#connections.get(name, () =>
      this.#cluster.openConnection(brokerId),
    )
    const version = connection.pickVersion(produceApi)
    const body = encodeProduceRequest({
      version,
      target: this.#target,
      timeoutMs: replicaTimeoutMs,
      batches: [batch],
    })
    const frame = await connection.request(requestOf(produceApi, version, body))
    const response = decodeAnswer(connection, 'Produce', () =>
      decodeProduceResponse(frame, version),
    )
    connection.throttle(response.throttleTimeMs)
    return response
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]()
  }
}
