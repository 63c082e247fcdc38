import type { Contender } from '../measuring/rounds.ts'
import type { RowResult } from '../measuring/row.ts'
import type { Bench, Row } from './bench.ts'
import { formatSize, recordBytes } from './broker.ts'
import { findCollectionShare } from './collection-share.ts'
import {
  consumer,
  kanneryBackup,
  kanneryBackups,
  type NamedBackup,
  prototype,
  type SourceTopic,
  tcpCopy,
} from './contenders.ts'
import { measureRow } from './measure-row.ts'
import { type Production, produce, produceEvenly } from './sources.ts'

const verbatim = ['--codec', 'none']
const partitions = 4
const plain = { partitions, compression: 'none', values: 'letters' } as const
/** Of the size of the records, that of JSON on the wire. */
const compressedShare = 1 / 2

/**
 * Backups beside Kafka's own consumer, which writes nothing, a prototype that keeps what it reads,
 * and a bare copy of the same bytes into a file.
 */
export const backupRows: readonly Row[] = [
  {
    name: 'backup/none-1mb',
    run: (bench) =>
      backUpVerbatim(bench, bench.bytes, {
        ...{ ...plain, name: 'backup/none-1mb', topic: 'none-1mb', batchBytes: 1_000_000 },
        also: { name: 'kannery backup, 64 MiB', options: [...verbatim, '--memory', '64MiB'] },
      }),
  },
  {
    name: 'backup/none-100kb',
    run: (bench) =>
      backUpVerbatim(bench, bench.bytes, {
        ...{ ...plain, name: 'backup/none-100kb', topic: 'none-100kb', batchBytes: 100_000 },
      }),
  },
  ...(['lz4', 'zstd'] as const).map((compression) => ({
    name: `backup/${compression}-producer`,
    run: (bench: Bench) =>
      backUpVerbatim(bench, bench.bytes / compressedShare, {
        ...{ name: `backup/${compression}-producer`, topic: `${compression}-producer` },
        ...{ partitions, compression, values: 'json', batchBytes: 100_000 },
      }),
  })),
  { name: 'backup/json-zstd', run: compress },
  { name: 'backup/one-record-batches', run: backUpOneByOne },
]

interface VerbatimBackup extends Production {
  readonly name: string
  readonly also?: NamedBackup
}

/** Kannery stores what the producer sent, as it is. */
async function backUpVerbatim(
  bench: Bench,
  recordsBytes: number,
  { name, also, ...production }: VerbatimBackup,
): Promise<RowResult> {
  const source = await produce(bench, recordsBytes, production)
  const bytes = await bench.broker.logBytes(source.topic)
  const contenders = [
    ...kanneryBackups(bench, source, verbatim),
    ...(also === undefined ? [] : [kanneryBackup(bench, source, also)]),
    ...peers(bench, source),
  ]
  const batches = `batches of ${production.batchBytes / 1000} KB, ${production.compression}`
  return await measureRow(bench, source, {
    name,
    title: `backup, codec none, of ${source.records} records in ${batches}, ${formatSize(bytes)}`,
    work: { unit: 'bytes', amount: bytes },
    contenders,
  })
}

/** Kannery compresses, which is the default. A quarter of the bytes takes as long as the others. */
async function compress(bench: Bench): Promise<RowResult> {
  const options = ['--codec', 'zstd']
  const source = await produce(bench, bench.bytes / 4, {
    ...{ topic: 'json-zstd', partitions, compression: 'none' },
    ...{ values: 'json', batchBytes: 100_000 },
  })
  const bytes = await bench.broker.logBytes(source.topic)
  return await measureRow(bench, source, {
    name: 'backup/json-zstd',
    title: `backup, codec zstd, of ${source.records} JSON records, ${formatSize(bytes)}`,
    work: { unit: 'bytes', amount: bytes },
    contenders: [...kanneryBackups(bench, source, options), ...peers(bench, source)],
    findRemarks: async () => [await findCollectionShare(bench, source.topic, options)],
  })
}

const oneRecordPartitions = 16

async function backUpOneByOne(bench: Bench): Promise<RowResult> {
  const wanted = Math.min(1e6, bench.bytes / recordBytes)
  const source = await produceEvenly(bench, {
    ...{ topic: 'one-record-batches', partitions: oneRecordPartitions, valueBytes: 100 },
    ...{ batchesPerPartition: Math.ceil(wanted / oneRecordPartitions), recordsPerBatch: 1 },
  })
  const { records } = source
  return await measureRow(bench, source, {
    name: 'backup/one-record-batches',
    title: `backup, codec none, of ${records} batches of one record of 100 B`,
    work: { unit: 'records', amount: records },
    contenders: [...kanneryBackups(bench, source, verbatim), ...peers(bench, source)],
  })
}

function peers(bench: Bench, source: SourceTopic): Contender[] {
  return [prototype(bench, source), consumer(bench, source), tcpCopy(bench, source)]
}
