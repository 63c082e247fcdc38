import { crc32c } from '@node-rs/crc32'
import {
  addPartitionsToTxnV3,
  createPartitionsV3,
  deleteRecordsV2,
  deleteTopicsV5,
  endTxnV3,
  findCoordinatorV4,
  initProducerIdV4,
} from '@platformatic/kafka'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../src/cluster/metadata.ts'
import type { ProducerIdentity } from '../src/cluster/producers.ts'
import { decodeProduceResponse, encodeProduceRequest } from '../src/protocol/produce.ts'
import type { CompressionCodec } from '../src/record-batch/compression.ts'
import { encodeBatch } from '../src/record-batch/encode.ts'
import type { UnnumberedRecord } from '../src/record-batch/encode-records.ts'
import type { BrokerConnection } from '../src/transport/broker-connection.ts'
import { callLibrary } from './library-api.ts'

const transactionalBit = 0x10
const timeoutMs = 30_000
const produceVersion = 9
const transactionKey = 1
const concurrentTransactions = 51
/**
 * The broker has not heard yet that it leads the partition, or coordinates the transactions;
 * nothing was done.
 */
const notYet = [3, 5, 6, 14, 15, 16]

export interface Sent {
  readonly partition?: number
  readonly codec?: CompressionCodec
  readonly records: readonly Partial<UnnumberedRecord>[]
}

/**
 * What a producer and an administrator do, over one connection to the broker that leads everything.
 */
export class TestBroker implements AsyncDisposable {
  readonly #connection: BrokerConnection
  readonly #cluster: KafkaCluster

  private constructor(cluster: KafkaCluster, connection: BrokerConnection) {
    this.#cluster = cluster
    this.#connection = connection
  }

  static async connect(cluster: KafkaCluster, brokerId = 1): Promise<TestBroker> {
    return new TestBroker(cluster, await cluster.openConnection(brokerId))
  }

  async createTopic(
    name: string,
    partitions = 1,
    config: Readonly<Record<string, string>> = {},
  ): Promise<TopicMetadata> {
    return await this.#cluster.createTopic({ name, partitions, replicationFactor: 1, config })
  }

  async deleteTopic(name: string): Promise<void> {
    const answer = await callLibrary(
      this.#connection,
      deleteTopicsV5.api,
      [{ name }] as never,
      timeoutMs,
    )
    expectNoError(answer.responses[0]?.errorCode)
  }

  async addPartitions(name: string, count: number): Promise<void> {
    const topics = [{ name, count, assignments: null }] as never
    const answer = await callLibrary(
      this.#connection,
      createPartitionsV3.api,
      topics,
      timeoutMs,
      false,
    )
    expectNoError(answer.results[0]?.errorCode)
  }

  async deleteRecords(name: string, offset: number, partition = 0): Promise<void> {
    const partitions = [{ partitionIndex: partition, offset: BigInt(offset) }]
    const topics = [{ name, partitions }]
    const answer = await callLibrary(this.#connection, deleteRecordsV2.api, topics, timeoutMs)
    expectNoError(answer.topics[0]?.partitions[0]?.errorCode)
  }

  /** Sends one batch without a producer id. Returns its first offset. */
  async send(topic: string, { partition = 0, codec = 'none', records }: Sent): Promise<number> {
    const noProducer = { producerId: -1n, producerEpoch: -1, sequence: -1 }
    return await this.#produce(topic, partition, encodeBatch(records.map(whole), codec, noProducer))
  }

  async beginTransactions(transactionalId: string): Promise<TestTransactions> {
    await this.#patiently(async () => {
      const answer = await callLibrary(this.#connection, findCoordinatorV4.api, transactionKey, [
        transactionalId,
      ])
      return answer.coordinators[0]?.errorCode ?? 0
    })
    let identity: ProducerIdentity | undefined
    await this.#patiently(async () => {
      const args = [transactionalId, 60_000, -1n, -1] as const
      const { errorCode, ...answer } = await callLibrary(
        this.#connection,
        initProducerIdV4.api,
        ...args,
      )
      identity = answer
      return errorCode
    })
    if (identity === undefined) throw new Error('no producer id')
    return new TestTransactions(identity, {
      join: (topic) => this.#join(transactionalId, identity as ProducerIdentity, topic),
      produce: (topic, batch) => this.#produce(topic, 0, batch, transactionalId),
      end: (committed) => this.#end(transactionalId, identity as ProducerIdentity, committed),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }

  async #join(transactionalId: string, identity: ProducerIdentity, topic: string): Promise<void> {
    const topics = [{ name: topic, partitions: [0] }]
    await this.#patiently(async () => {
      const transaction = { transactionalId, verifyOnly: false, topics, ...identity }
      const answer = await callLibrary(this.#connection, addPartitionsToTxnV3.api, [transaction])
      const [result] = answer.resultsByTransaction.flatMap(({ topicResults }) => topicResults)
      return result?.resultsByPartition[0]?.partitionErrorCode ?? 0
    })
  }

  async #end(id: string, identity: ProducerIdentity, committed: boolean): Promise<void> {
    const { producerId, producerEpoch } = identity
    await this.#patiently(async () => {
      const args = [id, producerId, producerEpoch, committed] as const
      return (await callLibrary(this.#connection, endTxnV3.api, ...args)).errorCode
    })
  }

  async #produce(
    topic: string,
    partition: number,
    batch: Buffer,
    transactionalId?: string,
  ): Promise<number> {
    const [first = Buffer.alloc(1), ...rest] = encodeProduceRequest({
      version: produceVersion,
      target: { name: topic, topicIdBytes: new Uint8Array(16) },
      timeoutMs,
      batches: [{ partition, batch }],
    })
    // The request begins with the transactional id, which restores have none of.
    const id = Buffer.from(transactionalId ?? '')
    const body =
      transactionalId === undefined
        ? [first, ...rest]
        : [Buffer.from([id.length + 1]), id, first.subarray(1), ...rest]
    const request = { apiKey: 0, apiVersion: produceVersion, flexible: true, body }
    let baseOffset = -1
    await this.#patiently(async () => {
      const frame = await this.#connection.request(request)
      const [result] = decodeProduceResponse(frame, produceVersion).results
      baseOffset = result?.baseOffset ?? -1
      return result?.errorCode ?? 0
    })
    return baseOffset
  }

  /** Until the coordinator is there, and done with the transaction before. */
  async #patiently(attempt: () => Promise<number>): Promise<void> {
    for (;;) {
      const error = await attempt()
      if (error === 0) return
      if (error !== concurrentTransactions && !notYet.includes(error)) expectNoError(error)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

function expectNoError(error: number | undefined): void {
  if (error !== 0) throw new Error(`Kafka's error ${error}`)
}

interface TransactionSteps {
  join(topic: string): Promise<void>
  produce(topic: string, batch: Buffer): Promise<number>
  end(committed: boolean): Promise<void>
}

/** Transactions of one producer, one after the other, into partition 0. */
export class TestTransactions {
  readonly producerId: bigint
  readonly #identity: ProducerIdentity
  readonly #steps: TransactionSteps
  #sequence = 0

  constructor(identity: ProducerIdentity, steps: TransactionSteps) {
    this.producerId = identity.producerId
    this.#identity = identity
    this.#steps = steps
  }

  begin(topic: string): Promise<void> {
    return this.#steps.join(topic)
  }

  async send(topic: string, records: readonly Partial<UnnumberedRecord>[]): Promise<number> {
    const producer = { ...this.#identity, sequence: this.#sequence }
    const batch = encodeBatch(records.map(whole), 'none', producer)
    batch.writeInt16BE(batch.readInt16BE(21) | transactionalBit, 21)
    batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
    this.#sequence += records.length
    return await this.#steps.produce(topic, batch)
  }

  commit(): Promise<void> {
    return this.#steps.end(true)
  }

  abort(): Promise<void> {
    return this.#steps.end(false)
  }
}

function whole(record: Partial<UnnumberedRecord>): UnnumberedRecord {
  return { timestamp: BigInt(Date.now()), key: null, value: null, headers: [], ...record }
}
