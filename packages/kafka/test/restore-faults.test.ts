import { KanneryError } from '@kannery/storage'
import { realClock, realRandom, seededRandom } from '@kannery/storage-testkit'
import { startKafka } from '@kannery/testing/servers/kafka/kafka-server'
import { afterEach, describe, expect, inject, test, vi } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { defaultClientId } from '../src/configuration/connection-options.ts'
import { createTopicsApi } from '../src/protocol/apis/create-topics.ts'
import type { KafkaApi } from '../src/protocol/kafka-api.ts'
import { BrokerConnection } from '../src/transport/broker-connection.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { readPartition } from './read-partition.ts'
import { connectTo, expectOverrides, uniqueTopic } from './real-cluster.ts'
import { restoreSketch } from './restore-sketch.ts'
import { type StoredRecord, storedBatch } from './stored-batch.ts'

const partitions = 3
const batchesPerPartition = 120
const recordsPerBatch = 3

/** Every record says which one it is. */
function numbered(valueBytes: number) {
  const chunk = (partition: number, batch: number) => {
    const records = Array.from({ length: recordsPerBatch }, (_, index): StoredRecord => {
      const offset = batch * recordsPerBatch + index
      const value = Buffer.alloc(valueBytes)
      value.writeInt32BE(offset)
      return { offset, timestamp: 1_700_000_000_000n, key: null, value, headers: [] }
    })
    return { partition, batches: [storedBatch(records)] }
  }
  return {
    partitions,
    segments: [
      {
        chunks: Array.from({ length: batchesPerPartition * partitions }, (_, index) =>
          chunk(index % partitions, Math.floor(index / partitions)),
        ),
      },
    ],
  }
}

async function expectEveryRecordOnce(cluster: KafkaCluster, topic: string): Promise<void> {
  const all = Array.from({ length: batchesPerPartition * recordsPerBatch }, (_, offset) => offset)
  for (let partition = 0; partition < partitions; partition++) {
    const batches = await readPartition(cluster, topic, partition)
    const records = batches.flatMap((batch) => batch.records)
    expect(records.map(({ value }) => Buffer.from(value ?? []).readInt32BE(0))).toEqual(all)
    expect(records.map(({ offset }) => offset)).toEqual(all)
  }
}

/** The same cluster, except that produce connections go through `proxy`. */
function producingThrough(proxy: CuttingProxy, cluster: KafkaCluster): KafkaCluster {
  return new Proxy(cluster, {
    get: (target, name) => {
      if (name !== 'openConnection') {
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return () =>
        BrokerConnection.open(
          { host: '127.0.0.1', port: proxy.port },
          {
            clientId: defaultClientId,
            connectTimeoutMs: 10_000,
            requestTimeoutMs: 30_000,
            clock: realClock,
            random: realRandom,
          },
        )
    },
  })
}

/**
 * Lets the broker carry out the first request that creates a topic, and closes the connection
 * instead of passing its answer on. Returns how many such requests there were.
 */
function loseFirstCreation(): () => number {
  let creations = 0
  const original: CallableFunction = Reflect.get(BrokerConnection.prototype, 'call')
  async function call<Request, Answer>(
    this: BrokerConnection,
    api: KafkaApi<Request, Answer>,
    request: Request,
    version?: number,
  ): Promise<Answer> {
    const answer: Answer = await Reflect.apply(original, this, [api, request, version])
    const { validateOnly } = request as { readonly validateOnly?: boolean }
    if (api.key !== createTopicsApi.key || validateOnly === true) return answer
    creations += 1
    if (creations > 1) return answer
    await this[Symbol.asyncDispose]()
    throw new KanneryError('KAFKA_UNREACHABLE', 'the broker closed the connection', {
      retry: 'after-refresh',
    })
  }
  vi.spyOn(BrokerConnection.prototype, 'call').mockImplementation(call)
  return () => creations
}

const { bootstrapServers } = inject('kafka')
const [host = '', port = ''] = bootstrapServers.split(':')
const broker = { host, port: Number(port) }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a restore into a cluster with faults', () => {
  test('connections that are cut after the broker acted leave no record twice and none out', async () => {
    await using cluster = await connectTo(bootstrapServers)
    const random = seededRandom(7)
    await using proxy = await CuttingProxy.start(broker, () =>
      random.chance(0.1) ? 'cut' : 'pass',
    )

    const { as } = await restoreSketch(producingThrough(proxy, cluster), numbered(100), {
      verify: false,
    })
    expect(proxy.cuts).toBeGreaterThan(10)
    await expectEveryRecordOnce(cluster, as)
  })

  test('a topic is created once and restored if the answer to its creation is lost', async () => {
    await using cluster = await connectTo(bootstrapServers)
    const as = uniqueTopic('unanswered')
    const creations = loseFirstCreation()
    const { report } = await restoreSketch(cluster, numbered(100), { as })

    expect(creations()).toBe(2)
    expect(report).toMatchObject({ as, created: true })
    await expectEveryRecordOnce(cluster, as)
    await expectOverrides(cluster, as, {})
  })

  test('a broker that refuses connections for a while is waited for', async () => {
    await using cluster = await connectTo(bootstrapServers)
    await using proxy = await CuttingProxy.start(broker, () => 'pass')
    let absence: Promise<void> | undefined
    const { as } = await restoreSketch(producingThrough(proxy, cluster), numbered(20_000), {
      verify: false,
      budgetBytes: 1_000_000,
      observer: {
        onProgress: ({ records }) => {
          if (records > 300) absence ??= proxy.goAway(realClock.sleep(1500))
        },
      },
    })
    expect(absence).toBeDefined()
    await absence
    await expectEveryRecordOnce(cluster, as)
  })

  test('a broker that dies during the restore leaves no record twice and none out', async () => {
    await using kafka = await startKafka({ brokers: 3 })
    await using cluster = await connectTo(kafka.bootstrapServers)
    const as = uniqueTopic('survivor')
    const half = (batchesPerPartition * partitions * recordsPerBatch) / 2
    let killed: Promise<void> | undefined
    const { report } = await restoreSketch(
      cluster,
      { ...numbered(50_000), replicationFactor: 3 },
      {
        as,
        budgetBytes: 2_000_000,
        observer: {
          onProgress: ({ records }) => {
            if (records >= half) killed ??= killLeader(cluster, kafka, as)
          },
        },
      },
    )
    // As the source had it: without replicas no other broker could go on.
    expect(killed).toBeDefined()
    await killed
    expect(report.verification?.records).toBe(batchesPerPartition * partitions * recordsPerBatch)
    await expectEveryRecordOnce(cluster, as)
  }, 180_000)

  async function killLeader(
    cluster: KafkaCluster,
    kafka: Awaited<ReturnType<typeof startKafka>>,
    topic: string,
  ): Promise<void> {
    const { partitions: described } = await cluster.topic(topic)
    await kafka.killBroker(described[0]?.leader ?? 1)
  }
})
