import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { measure } from '../measuring/measure.ts'
import type { Bench } from './bench.ts'
import { type ProducedTopic, recordBytes } from './broker.ts'
import type { SourceTopic } from './contenders.ts'
import { writeJsonLines } from './json-lines.ts'

const produceBatches = join(import.meta.dirname, '../wire/produce-batches.ts')

export interface Production {
  readonly topic: string
  readonly partitions: number
  readonly compression: ProducedTopic['compression']
  readonly batchBytes: number
  /** What a value is. */
  readonly values: 'letters' | 'json'
}

/** Has Kafka's own producer fill a topic with records of 1 KB, `bytes` altogether. */
export async function produce(
  bench: Bench,
  bytes: number,
  { topic, partitions, compression, batchBytes, values }: Production,
): Promise<SourceTopic> {
  const { broker, scratch, say } = bench
  const records = Math.ceil(bytes / recordBytes)
  say(`filling ${topic} with ${records} records`)
  await broker.create(topic, partitions)
  const payloadFile = values === 'json' ? await writeJsonLines(scratch) : undefined
  await measure(scratch, broker.producer({ topic, records, compression, batchBytes, payloadFile }))
  await flush()
  return { topic, partitions, records }
}

/** Batches that are all of one size, the same number of them in each partition. */
export interface EvenBatches {
  readonly topic: string
  readonly partitions: number
  readonly batchesPerPartition: number
  readonly recordsPerBatch: number
  readonly valueBytes: number
}

export async function produceEvenly(
  { broker, scratch, say }: Bench,
  { topic, partitions, batchesPerPartition, recordsPerBatch, valueBytes }: EvenBatches,
): Promise<SourceTopic> {
  const records = partitions * batchesPerPartition * recordsPerBatch
  say(`filling ${topic} with ${records} records`)
  await broker.create(topic, partitions)
  await measure(scratch, [
    ...[process.execPath, produceBatches, '--to', broker.bootstrapServers, '--topic', topic],
    ...['--partitions', String(partitions), '--batches', String(batchesPerPartition)],
    ...['--records', String(recordsPerBatch), '--value-bytes', String(valueBytes)],
  ])
  await flush()
  return { topic, partitions, records }
}

/** Otherwise the broker's files would be written to disk while the first contender runs. */
async function flush(): Promise<void> {
  await promisify(execFile)('sync')
}
