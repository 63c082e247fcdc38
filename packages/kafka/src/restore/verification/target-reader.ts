import { type Clock, KanneryError } from '@kannery/storage'
import { kafkaError } from '../../cluster/errors.ts'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import { retrying } from '../../cluster/retry.ts'
import { SharedConnections } from '../../cluster/shared-connections.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import {
  decodeFetchResponse,
  encodeFetchRequest,
  type FetchedPartition,
  fetchApi,
} from '../../protocol/fetch.ts'
import { type BatchHeader, checkBatch, walkBatches } from '../../record-batch/header.ts'
import type { BrokerConnection } from '../../transport/broker-connection.ts'
import { requestOf } from '../../transport/broker-request.ts'
import { decodeAnswer } from '../../transport/decode-answer.ts'

/** A batch of the restored topic. The position in `header` is that in `bytes`. */
export interface TargetBatch {
  readonly header: BatchHeader
  readonly bytes: Buffer
}

export interface TargetReaderOptions {
  readonly cluster: Pick<KafkaCluster, 'metadata' | 'openConnection'>
  readonly clock: Clock
  readonly topic: TopicMetadata
  /** Greatest size of an answer, in bytes. A single batch that is larger is served anyway. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Returns how many bytes to ask for at a time, from 64 KiB to 1 MiB, so that all partitions
 * together stay below `bytes`.
 */
export function readBytesPerPartition(partitions: number, bytes: number): number {
  return Math.min(Math.max(Math.floor(bytes / partitions), mebibyte / 16), mebibyte)
}

const mebibyte = 1024 * 1024
const maxWaitMs = 500
/** How long a partition may be without a leader that answers. */
const patienceMs = 120_000

/** Reads a restored topic back: whole batches with right checksums, from the present leaders. */
export class TargetReader implements AsyncDisposable {
  readonly #options: TargetReaderOptions
  readonly #connections = new SharedConnections()
  #leaders: ReadonlyMap<number, number | undefined>

  constructor(options: TargetReaderOptions) {
    this.#options = options
    this.#leaders = leadersOf(options.topic)
  }

  /**
   * Yields all batches of a partition from `from` (inclusive) to `end` (exclusive), in order.
   *
   * @throws KAFKA_DATA_CORRUPT for a wrong checksum, KAFKA_OFFSETS_LOST if the broker deleted what
   *   is asked for, KAFKA_UNREACHABLE if it serves nothing for two minutes.
   */
  async *batches(
    partition: number,
    from: number,
    end: number,
  ): AsyncGenerator<TargetBatch, void, undefined> {
    for (let next = from; next < end; ) {
      const { records } = await this.#fetch(partition, next)
      for (const header of walkBatches(records)) {
        checkBatch(records, header)
        if (header.nextOffset <= next) continue
        next = header.nextOffset
        yield { header, bytes: records }
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]()
  }

  async #fetch(partition: number, offset: number): Promise<FetchedPartition> {
    for (;;) {
      const fetched = await this.#fetchPatiently(partition, offset)
      if (fetched !== 'throttled') return fetched
    }
  }

  #fetchPatiently(partition: number, offset: number): Promise<FetchedPartition | 'throttled'> {
    const { clock, signal } = this.#options
    let failed = false
    return retrying(
      {
        clock,
        patienceMs,
        // What is deleted does not come back.
        mayRetry: ({ code, retry }) => retry !== 'never' && code !== 'KAFKA_OFFSETS_LOST',
        signal,
      },
      async () => {
        if (failed) await this.#refreshLeaders()
        failed = true
        const fetched = await this.#fetchOnce(partition, offset)
        if (fetched === 'throttled' || bringsMore(fetched, offset)) return fetched
        throw notServed(this.#options.topic.name, partition, offset)
      },
    )
  }

  async #fetchOnce(
    partition: number,
    fetchOffset: number,
  ): Promise<FetchedPartition | 'throttled'> {
    const { topic, maxBytes } = this.#options
    const connection = await this.#connection(partition)
    const version = connection.pickVersion(fetchApi)
    const body = encodeFetchRequest({
      version,
      maxWaitMs,
      minBytes: 1,
      maxBytes,
      sessionId: 0,
      sessionEpoch: noSession,
      positions: [
        { topic, partition, fetchOffset, currentLeaderEpoch: -1, lastFetchedEpoch: -1, maxBytes },
      ],
      forgotten: [],
    })
    const frame = await connection.request(requestOf(fetchApi, version, [body]))
    const response = decodeAnswer(connection, 'Fetch', () => decodeFetchResponse(frame, version))
    connection.throttle(response.throttleTimeMs)
    const [fetched] = response.partitions
    const errorCode = response.errorCode === 0 ? (fetched?.errorCode ?? 0) : response.errorCode
    const facts = { api: 'Fetch', operation: 'Read', topic: topic.name, partition }
    if (errorCode !== 0) throw kafkaError(errorCode, facts)
    if (fetched?.partition === partition) return fetched
    // A broker whose quota is used up answers without any partition, and says how long to wait
    // (KIP-219): the connection does.
    if (fetched === undefined && response.throttleTimeMs > 0) return 'throttled'
    throw new KanneryError('KAFKA_PROTOCOL', 'Fetch answered for another partition', { facts })
  }

  async #connection(partition: number): Promise<BrokerConnection> {
    const leader = this.#leaders.get(partition)
    if (leader === undefined) {
      throw kafkaError(errorNumbers.LEADER_NOT_AVAILABLE, {
        api: 'Fetch',
        topic: this.#options.topic.name,
        partition,
      })
    }
    return await this.#connections.get(String(leader), () =>
      this.#options.cluster.openConnection(leader),
    )
  }

  async #refreshLeaders(): Promise<void> {
    const { cluster, topic } = this.#options
    const { topics } = await cluster.metadata([topic.name])
    const [present] = topics
    if (present?.error !== undefined) throw present.error
    if (present !== undefined) this.#leaders = leadersOf(present)
  }
}

function bringsMore({ records }: FetchedPartition, offset: number): boolean {
  for (const { nextOffset } of walkBatches(records)) if (nextOffset > offset) return true
  return false
}

/** One empty answer proves nothing: the records may come from remote storage (KIP-405). */
function notServed(topic: string, partition: number, offset: number): KanneryError {
  return new KanneryError(
    'KAFKA_UNREACHABLE',
    `the leader of partition ${partition} of topic "${topic}" serves nothing from offset ${offset} on`,
    {
      retry: 'same-request',
      why: 'it answers every fetch with nothing, although its log continues',
      remedy: 'Check the log of that broker, and its remote storage if it has one.',
      facts: { topic, partition, offset },
    },
  )
}

/** A fetch that asks for no session (KIP-227). */
const noSession = -1

function leadersOf({ partitions }: TopicMetadata): ReadonlyMap<number, number | undefined> {
  return new Map(partitions.map(({ partition, leader }) => [partition, leader]))
}
