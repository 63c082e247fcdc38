import type { RowResult } from '../measuring/row.ts'
import type { Bench, Row } from './bench.ts'
import { formatSize, recordBytes } from './broker.ts'
import { kanneryBackup, type SourceTopic } from './contenders.ts'
import { measureRow } from './measure-row.ts'
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
  source: SourceTopic,
  { name, bounds }: MemoryRow,
): Promise<RowResult> {
  const bytes = await bench.broker.logBytes(source.topic)
  const records = `${source.records} records in ${source.partitions} partitions`
  return await measureRow(bench, source, {
    name,
    title: `memory of a backup of ${records}, ${formatSize(bytes)}`,
    work: { unit: 'bytes', amount: bytes },
    contenders: bounds.map(([title, bound]) =>
      kanneryBackup(bench, source, {
        name: `kannery backup, ${title}`,
        options: [...verbatim, ...(bound === undefined ? [] : ['--memory', bound])],
      }),
    ),
  })
}
