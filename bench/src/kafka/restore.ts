import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Measurement, measure } from '../measuring/measure.ts'
import { type Contender, runRounds } from '../measuring/rounds.ts'
import type { RowResult } from '../measuring/row.ts'
import type { Bench, Row } from './bench.ts'
import { formatSize, type ProducedTopic, recordBytes } from './broker.ts'
import { backupCommand, buildsOf } from './contenders.ts'
import { produce, produceEvenly } from './sources.ts'

const topic = 'restore-source'
const target = 'restore-target'
const partitions = 4

/** Restores beside Kafka's own producer. */
export const restoreRows: readonly Row[] = [
  { name: 'restore/1mb', run: restoreLargeBatches },
  { name: 'restore/one-record-batches', run: restoreOneByOne },
]

async function restoreLargeBatches(bench: Bench): Promise<RowResult> {
  const batches = { compression: 'none', batchBytes: 1_000_000 } as const
  const source = await produce(bench, bench.bytes, {
    ...{ ...batches, topic, partitions, values: 'letters' },
  })
  const bytes = await bench.broker.logBytes(topic)
  const { records } = source
  return {
    name: 'restore/1mb',
    title: `restore of ${records} records in batches of 1 MB, ${formatSize(bytes)}`,
    work: { unit: 'bytes', amount: bytes },
    contenders: await measureRestore(bench, { ...batches, topic: target, records }),
  }
}

/** The producer sends each record as soon as it has it, as the one that filled the topic did. */
async function restoreOneByOne(bench: Bench): Promise<RowResult> {
  const wanted = Math.min(200_000, bench.bytes / recordBytes)
  const { records } = await produceEvenly(bench, {
    ...{ topic, partitions, valueBytes: recordBytes },
    ...{ batchesPerPartition: Math.ceil(wanted / partitions), recordsPerBatch: 1 },
  })
  return {
    name: 'restore/one-record-batches',
    title: `restore of ${records} batches of one record of 1 KB`,
    work: { unit: 'records', amount: records },
    contenders: await measureRestore(bench, {
      ...{ topic: target, records, compression: 'none', batchBytes: 1 },
    }),
  }
}

/** Backs the source up and deletes it, then lets the contenders fill the target. */
async function measureRestore(
  bench: Bench,
  likewise: ProducedTopic,
): Promise<RowResult['contenders']> {
  const { broker, scratch, rounds, say } = bench
  const folder = join(scratch, 'can')
  await mkdir(folder)
  await measure(scratch, [...backupCommand(bench, { topic, target: folder }), '--codec', 'none'])
  await broker.delete(topic)
  const restore = (name: string, bin: string): Contender => ({
    name,
    run: () =>
      fillTarget(bench, likewise.records, [
        ...[process.execPath, bin, 'restore', '--from', folder],
        ...['--to', broker.bootstrapServers, '--topic', topic, '--as', target],
      ]),
  })
  const producer: Contender = {
    name: 'kafka-producer-perf-test',
    async run() {
      await broker.create(target, partitions)
      return await fillTarget(bench, likewise.records, broker.producer(likewise))
    },
  }
  const contenders = [
    ...buildsOf(bench).map(({ suffix, bin }) => restore(`kannery restore${suffix}`, bin)),
    producer,
  ]
  const results = await runRounds(contenders, rounds, say)
  await rm(folder, { recursive: true })
  return results
}

/** Measures a run that fills the target, and checks that it filled it once. */
async function fillTarget(
  { broker, scratch }: Bench,
  records: number,
  command: readonly string[],
): Promise<Measurement> {
  const measurement = await measure(scratch, command)
  const written = await broker.countRecords(target, partitions)
  await broker.delete(target)
  if (written !== records) throw new Error(`the target has ${written} of ${records} records`)
  return measurement
}
