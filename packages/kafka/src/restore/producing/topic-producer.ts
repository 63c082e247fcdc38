import { type Clock, KanneryError } from '@kannery/storage'
import { onlyOne } from '../../cluster/api-call.ts'
import { kafkaError } from '../../cluster/errors.ts'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import type { ProducerIdentity } from '../../cluster/producers.ts'
import type { MemoryBudget } from '../../concurrency/memory-budget.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import type { ProduceResult } from '../../protocol/produce.ts'
import type { ProducerState } from '../../record-batch/encode.ts'
import { type OutgoingBatch, PartitionLane } from './partition-lane.ts'
import { ProduceConnections } from './produce-connections.ts'

export interface TopicProducerOptions {
  readonly cluster: Pick<KafkaCluster, 'metadata' | 'openConnection'>
  readonly clock: Clock
  readonly topic: TopicMetadata
  readonly identity: ProducerIdentity
  /** Partition → where its first record must land. */
  readonly startOffsets: ReadonlyMap<number, number>
  /** Closed with the reason when a partition fails permanently: nothing more may be sent then. */
  readonly budget: MemoryBudget
}

export interface BatchToSend {
  readonly partition: number
  readonly records: number
  /** Makes the batch ready with this producer state. */
  readonly stamp: (producer: ProducerState) => Buffer
  readonly onAcknowledged: () => void
}

/** After 2³¹ − 1 a sequence begins at 0 again (DefaultRecordBatch.incrementSequence). */
const sequences = 2 ** 31

/**
 * An idempotent producer of one topic: in each partition, records get the sequence numbers 0, 1, 2,
 * … in the order in which they are sent, and every batch is appended exactly once, also when
 * connections break and leaders move.
 */
export class TopicProducer implements AsyncDisposable {
  readonly #options: TopicProducerOptions
  readonly #connections: ProduceConnections
  readonly #lanes = new Map<number, PartitionLane>()
  readonly #sent = new Map<number, number>()
  readonly #callbacks = new Map<OutgoingBatch, () => void>()
  #leaders: ReadonlyMap<number, number | undefined>
  #refreshing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #drained: PromiseWithResolvers<void> | undefined

  constructor(options: TopicProducerOptions) {
    this.#options = options
    this.#connections = new ProduceConnections(options.cluster, options.topic)
    this.#leaders = leadersOf(options.topic)
  }

  /** Queues a batch; it is sent after those of its partition before it. */
  send({ partition, records, stamp, onAcknowledged }: BatchToSend): void {
    if (this.#failure !== undefined) throw this.#failure.error
    const firstRecord = this.#sent.get(partition) ?? 0
    this.#sent.set(partition, firstRecord + records)
    const { producerId, producerEpoch } = this.#options.identity
    const batch = stamp({ producerId, producerEpoch, sequence: firstRecord % sequences })
    const outgoing = { partition, batch, records, firstRecord }
    this.#callbacks.set(outgoing, onAcknowledged)
    this.#lane(partition).enqueue(outgoing)
  }

  /**
   * Resolves when all that was sent is acknowledged. Rejects when a partition fails permanently.
   */
  async drain(): Promise<void> {
    this.#drained = Promise.withResolvers()
    this.#settleDrained()
    await this.#drained.promise
  }

  /** Makes `send` throw `reason`, `drain` reject with it, and the budget refuse from now on. */
  stop(reason: unknown): void {
    this.#fail(reason)
  }

  /**
   * Stops sending. Resolves when every request is answered; what is acknowledged by then is in the
   * topic.
   */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#lanes.values(), (lane) => lane.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const quiet = this.close()
    await this.#connections[Symbol.asyncDispose]()
    await quiet
  }

  #lane(partition: number): PartitionLane {
    const known = this.#lanes.get(partition)
    if (known !== undefined) return known
    const lane = new PartitionLane(
      {
        clock: this.#options.clock,
        topic: this.#options.topic.name,
        leader: () => this.#leaders.get(partition),
        send: (batch, leader) => this.#produce(batch, leader),
        refreshLeader: () => this.#refreshLeaders(),
        onAcknowledged: (batch) => this.#acknowledge(batch),
        onFailed: (error) => this.#fail(error),
      },
      partition,
      this.#options.startOffsets.get(partition) ?? 0,
    )
    this.#lanes.set(partition, lane)
    return lane
  }

  async #produce(batch: OutgoingBatch, leader: number | undefined): Promise<ProduceResult> {
    const { partition } = batch
    const facts = { api: 'Produce', topic: this.#options.topic.name, partition }
    if (leader === undefined) throw kafkaError(errorNumbers.LEADER_NOT_AVAILABLE, facts)
    const { results } = await this.#connections.send(leader, batch)
    const [result] = results
    if (result?.partition === partition) return result
    throw new KanneryError('KAFKA_PROTOCOL', 'Produce answered for another partition', { facts })
  }

  /** Asks for the leaders, once for all lanes that lost theirs at the same time. */
  #refreshLeaders(): Promise<void> {
    this.#refreshing ??= this.#readLeaders().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #readLeaders(): Promise<void> {
    const { cluster, topic } = this.#options
    const { topics } = await cluster.metadata([topic.name])
    const present = onlyOne(topics, 'Metadata')
    if (present.error !== undefined) throw present.error
    assertSameTopic(topic, present)
    this.#leaders = leadersOf(present)
  }

  #acknowledge(batch: OutgoingBatch): void {
    this.#callbacks.get(batch)?.()
    this.#callbacks.delete(batch)
    this.#settleDrained()
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#options.budget.close(error)
    this.#settleDrained()
  }

  #settleDrained(): void {
    if (this.#failure !== undefined) this.#drained?.reject(this.#failure.error)
    else if (this.#callbacks.size === 0) this.#drained?.resolve()
  }
}

function leadersOf({ partitions }: TopicMetadata): ReadonlyMap<number, number | undefined> {
  return new Map(partitions.map(({ partition, leader }) => [partition, leader]))
}

/**
 * Asserts that the topic of a name is the one that is being restored into.
 *
 * @throws KAFKA_TOPIC_MISMATCH when another topic has the name now.
 */
export function assertSameTopic(
  { name, topicId }: Pick<TopicMetadata, 'name' | 'topicId'>,
  present: Pick<TopicMetadata, 'topicId'>,
): void {
  if (present.topicId === topicId) return
  throw new KanneryError(
    'KAFKA_TOPIC_MISMATCH',
    `topic "${name}" was deleted and created again during the restore`,
    {
      why: `its id was ${topicId} when it was checked, and is ${present.topicId} now`,
      remedy: 'Find out what deletes the topic, then restore again.',
      facts: { topic: name, topicId: present.topicId },
    },
  )
}
