import { runRounds } from '../measuring/rounds.ts'
import type { RowResult } from '../measuring/row.ts'
import type { Bench, Row } from './bench.ts'
import { formatSize, recordBytes } from './broker.ts'
import { kanneryBackup, type SourceTopic } from './contenders.ts'
import { produce, produceEvenly } from './sources.ts'

const verbatim = ['--codec', 'none']

/** What backups need of memory, which should not depend on the size of the topic. */
export const memoryRows: readonly Row[] = [
  { name: 'memory/many-partitions', run: backUpManyPartitions },
  { name: 'memory/quarter', run: (bench) => backUpSize(bench, 'quarter', bench.bytes / 4) },
  { name: 'memory/whole', run: (bench) => backUpSize(bench, 'whole', bench.bytes) },
]

const manyPartitions = 740
const recordsPerBatch = 16

async function backUpManyPartitions(bench: Bench): Promise<RowResult> {
  const batches = bench.bytes / (manyPartitions * recordsPerBatch * recordBytes)
  const source = await produceEvenly(bench, {
    ...{ topic: 'many-partitions', partitions: manyPartitions, valueBytes: recordBytes },
    ...{ batchesPerPartition: Math.ceil(batches), recordsPerBatch },
  })
  const bounds = [['256 MiB', '256MiB']] as const
  return await backUp(bench, source, { name: 'memory/many-partitions', bounds })
}

async function backUpSize(bench: Bench, size: string, bytes: number): Promise<RowResult> {
  const source = await produce(bench, bytes, {
    ...{ topic: `memory-${size}`, partitions: 4, compression: 'none' },
    ...{ batchBytes: 1_000_000, values: 'letters' },
  })
  const bounds = [['the default bound'], ['64 MiB', '64MiB']] as const
  return await backUp(bench, source, { name: `memory/${size}`, bounds })
}

interface MemoryRow {
  readonly name: string
  /** For people, and for the option. */
  readonly bounds: readonly (readonly [title: string, bound?: string])[]
}

async function backUp(
  bench: Bench,
  { topic, partitions, records }: SourceTopic,
  { name, bounds }: MemoryRow,
): Promise<RowResult> {
  const { broker, rounds, say } = bench
  const bytes = await broker.logBytes(topic)
  const contenders = bounds.map(([title, bound]) =>
    kanneryBackup(bench, topic, {
      name: `kannery backup, ${title}`,
      options: [...verbatim, ...(bound === undefined ? [] : ['--memory', bound])],
    }),
  )
  const results = await runRounds(contenders, rounds, (line) => say(`${name}, ${line}`))
  await broker.delete(topic)
  return {
    name,
    title: `memory of a backup of ${records} records in ${partitions} partitions, ${formatSize(bytes)}`,
    work: { unit: 'bytes', amount: bytes },
    contenders: results,
  }
}
