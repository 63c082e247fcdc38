import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  installKafka,
  type KafkaInstallation,
} from '@kannery/testing/servers/kafka/kafka-installation'
import { type KafkaServer, startKafka } from '@kannery/testing/servers/kafka/kafka-server'
import { Admin } from '@platformatic/kafka'

const brokerHeapMb = 2048
/** What Kafka's own scripts give the performance tools. */
const toolHeapMb = 512
export const recordBytes = 1000

export function formatSize(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB on the wire`
}

/** What a producer of Kafka's writes. */
export interface ProducedTopic {
  readonly topic: string
  readonly records: number
  /** A file of lines to take values from. Defaults to random letters, 1 KB each. */
  readonly payloadFile?: string | undefined
  readonly compression: 'none' | 'lz4' | 'zstd'
  /** Batches of one record, as soon as there is one, where it is 1. */
  readonly batchBytes: number
}

/** The broker that all contenders of a run use, and Kafka's own tools beside it. */
export class Broker implements AsyncDisposable {
  readonly #kafka: KafkaServer
  readonly #installation: KafkaInstallation
  readonly #admin: Admin

  private constructor(kafka: KafkaServer, installation: KafkaInstallation) {
    this.#kafka = kafka
    this.#installation = installation
    const bootstrapBrokers = kafka.bootstrapServers.split(',')
    this.#admin = new Admin({ clientId: 'bench', bootstrapBrokers })
  }

  static async start(): Promise<Broker> {
    const properties = {
      // A deleted topic makes room at once, not after a minute.
      'log.segment.delete.delay.ms': '100',
      'log.initial.task.delay.ms': '100',
    }
    const kafka = await startKafka({ heapMb: brokerHeapMb, properties })
    return new Broker(kafka, await installKafka())
  }

  get bootstrapServers(): string {
    return this.#kafka.bootstrapServers
  }

  /** The command line of Kafka's own producer benchmark, filling a topic. */
  producer(produced: ProducedTopic): readonly string[] {
    const { topic, records, compression, batchBytes, payloadFile } = produced
    const values =
      payloadFile === undefined
        ? ['--record-size', String(recordBytes)]
        : ['--payload-file', payloadFile]
    return this.#installation.java(
      { heapMb: toolHeapMb + 1 },
      'org.apache.kafka.tools.ProducerPerformance',
      ...['--topic', topic, '--num-records', String(records), ...values],
      ...['--throughput', '-1', '--producer-props'],
      ...[`bootstrap.servers=${this.bootstrapServers}`, `compression.type=${compression}`],
      ...[`batch.size=${batchBytes}`, `linger.ms=${batchBytes === 1 ? 0 : 100}`],
      ...['max.request.size=8388608', 'buffer.memory=134217728'],
    )
  }

  /** The command line of Kafka's own consumer benchmark. */
  consumer(topic: string, records: number): readonly string[] {
    return this.#installation.java(
      { heapMb: toolHeapMb + 1 },
      'org.apache.kafka.tools.ConsumerPerformance',
      ...['--bootstrap-server', this.bootstrapServers, '--topic', topic],
      ...['--num-records', String(records), '--timeout', '60000'],
    )
  }

  async create(topic: string, partitions: number): Promise<void> {
    await this.#admin.createTopics({ topics: [topic], partitions, replicas: 1 })
    while ((await this.logFiles(topic)).length < partitions) await delay(20)
  }

  async delete(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] })
    while ((await this.logFiles(topic)).length > 0) await delay(20)
  }

  /** As the ends of the partitions say, of a topic from which nothing was deleted. */
  async countRecords(topic: string, partitions: number): Promise<number> {
    const latest = -1n
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({
      ...{ partitionIndex, timestamp: latest },
    }))
    const [ends] = await this.#admin.listOffsets({ topics: [{ name: topic, partitions: asked }] })
    return (ends?.partitions ?? []).reduce((sum, { offset }) => sum + Number(offset), 0)
  }

  /** The files that hold the topic's batches, as they go over the wire. */
  async logFiles(topic: string): Promise<string[]> {
    const data = join(this.#kafka.processes[0]?.folder ?? '', 'data')
    const folders = (await readdir(data)).filter((name) => name.startsWith(`${topic}-`))
    const files = await Promise.all(
      folders.map(async (folder) => {
        const names = await readdir(join(data, folder)).catch(() => [])
        return names.filter((name) => name.endsWith('.log')).map((name) => join(data, folder, name))
      }),
    )
    return files.flat().sort()
  }

  async logBytes(topic: string): Promise<number> {
    const sizes = await Promise.all((await this.logFiles(topic)).map((file) => stat(file)))
    return sizes.reduce((sum, { size }) => sum + size, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close()
    await this.#kafka.stop()
  }
}
