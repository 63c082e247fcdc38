import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  installKafka,
  type KafkaInstallation,
  runKafkaTool,
} from '@kannery/testing/servers/kafka/kafka-installation'
import { type KafkaServer, startKafka } from '@kannery/testing/servers/kafka/kafka-server'

const brokerHeapMb = 2048
/** What Kafka's own scripts give the performance tools. */
const toolHeapMb = 512
export const recordBytes = 1000
const partitions = 4

export interface SourceTopic {
  readonly topic: string
  readonly records: number
  readonly compression: 'none' | 'lz4'
  readonly batchBytes: number
}

/** The broker that all contenders of a run use, and Kafka's own tools beside it. */
export class Broker implements AsyncDisposable {
  readonly #kafka: KafkaServer
  readonly #installation: KafkaInstallation

  private constructor(kafka: KafkaServer, installation: KafkaInstallation) {
    this.#kafka = kafka
    this.#installation = installation
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

  /** The command line of Kafka's own producer benchmark, filling `topic`. */
  producer({ topic, records, compression, batchBytes }: SourceTopic): readonly string[] {
    return this.#installation.java(
      { heapMb: toolHeapMb + 1 },
      'org.apache.kafka.tools.ProducerPerformance',
      ...['--topic', topic, '--num-records', String(records)],
      ...['--record-size', String(recordBytes), '--throughput', '-1', '--producer-props'],
      ...[`bootstrap.servers=${this.bootstrapServers}`, `compression.type=${compression}`],
      ...[`batch.size=${batchBytes}`, 'linger.ms=100', 'max.request.size=8388608'],
      'buffer.memory=134217728',
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

  async create(topic: string): Promise<void> {
    await this.#topics('--create', '--topic', topic, '--partitions', String(partitions))
  }

  async delete(topic: string): Promise<void> {
    await this.#topics('--delete', '--topic', topic)
    while ((await this.logFiles(topic)).length > 0) await delay(100)
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
    await this.#kafka.stop()
  }

  async #topics(...words: readonly string[]): Promise<void> {
    await runKafkaTool(
      'org.apache.kafka.tools.TopicCommand',
      ...['--bootstrap-server', this.bootstrapServers, ...words],
    )
  }
}
