import { installKafka, runKafkaTool } from '@kannery/testing/servers/kafka/kafka-installation'
import { run } from '@kannery/testing/servers/processes/run'

export interface OrdersOptions {
  readonly bootstrapServers: string
  readonly topic: string
  readonly records: number
  readonly partitions: number
}

const customers = ['Ada', 'Bo', 'Chioma', 'Dmitri', 'Esra', 'Farid', 'Grace', 'Hiro']
const sources = ['web', 'shop', 'phone']
const linesAtATime = 100_000

/**
 * Fills a topic with orders (keys, headers, JSON), by Kafka's own producer; creates the topic when
 * it is not there.
 */
export async function produceOrders(options: OrdersOptions): Promise<void> {
  const { bootstrapServers, topic, records, partitions } = options
  await runKafkaTool(
    'org.apache.kafka.tools.TopicCommand',
    ...['--bootstrap-server', bootstrapServers, '--create', '--if-not-exists'],
    ...['--topic', topic, '--partitions', String(partitions)],
  )
  const kafka = await installKafka()
  const [java = 'java', ...words] = kafka.java(
    { heapMb: 256 },
    'org.apache.kafka.tools.ConsoleProducer',
    ...['--bootstrap-server', bootstrapServers, '--topic', topic],
    ...['--reader-property', 'parse.key=true', '--reader-property', 'parse.headers=true'],
    ...['--compression-codec', 'lz4', '--batch-size', '100000', '--timeout', '20'],
  )
  for (let first = 0; first < records; first += linesAtATime) {
    const count = Math.min(linesAtATime, records - first)
    await run(java, words, { input: lines(first, count) })
  }
}

function lines(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => line(first + index)).join('')
}

/** headers, key and value, as the console producer reads them */
function line(order: number): string {
  const value = JSON.stringify({
    order,
    customer: customers[order % customers.length],
    items: 1 + (order % 7),
    total: ((order * 7919) % 100_000) / 100,
  })
  return `source:${sources[order % sources.length]}\torder-${order}\t${value}\n`
}
