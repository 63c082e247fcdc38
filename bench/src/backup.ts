import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { kanneryBin } from '@kannery/testing/paths'
import { type Broker, recordBytes, type SourceTopic } from './broker.ts'
import { type Measurement, measure } from './measure.ts'
import { formatReport } from './report.ts'
import { type Contender, runRounds } from './rounds.ts'

export interface Bench {
  readonly broker: Broker
  /** A folder for what the contenders write. */
  readonly scratch: string
  readonly bytes: number
  readonly rounds: number
  readonly say: (line: string) => void
}

const rawCopy = join(import.meta.dirname, '../raw-copy.py')

/**
 * Backup beside Kafka's own consumer, which writes nothing, and a bare copy of the same bytes into
 * a file.
 */
export async function benchBackup(bench: Bench): Promise<string[]> {
  const reports: string[] = []
  for (const compression of ['none', 'lz4'] as const) {
    const { broker, scratch, say } = bench
    const topic = `backup-${compression}`
    const records = Math.ceil(bench.bytes / recordBytes)
    const source: SourceTopic = { topic, records, compression, batchBytes: 100_000 }
    say(`filling ${topic} with ${records} records`)
    await broker.create(topic)
    await measure(scratch, broker.producer(source))
    const results = await runRounds(contenders(bench, source), bench.rounds, say)
    const bytes = await broker.logBytes(topic)
    const size = `${(bytes / 1e9).toFixed(2)} GB on the wire`
    reports.push(
      formatReport(
        `backup of ${records} records, compression ${compression}, ${size}`,
        bytes,
        results,
      ),
    )
    await broker.delete(topic)
  }
  return reports
}

function contenders(bench: Bench, { topic, records }: SourceTopic): readonly Contender[] {
  const { broker, scratch } = bench
  const backup = (name: string, ...options: string[]): Contender => ({
    name,
    async run() {
      const folder = join(scratch, 'can')
      await mkdir(folder)
      const measurement = await measure(scratch, [
        ...[process.execPath, kanneryBin, 'backup', '--from', broker.bootstrapServers],
        ...['--topic', topic, '--to', folder, '--once', ...options],
      ])
      await rm(folder, { recursive: true })
      return measurement
    },
  })
  return [
    backup('kannery backup', '--codec', 'none'),
    backup('kannery backup, 64 MiB', '--codec', 'none', '--memory', '64MiB'),
    backup('kannery backup, zstd', '--codec', 'zstd'),
    {
      name: 'kafka-consumer-perf-test',
      run: () => measure(scratch, broker.consumer(topic, records)),
    },
    { name: 'raw TCP copy', run: async () => copyRaw(scratch, await broker.logFiles(topic)) },
  ]
}

/** The receiver is measured; the sender stands in for the broker. */
async function copyRaw(scratch: string, files: readonly string[]): Promise<Measurement> {
  const portFile = join(scratch, 'port')
  const target = join(scratch, 'copy')
  const sender: ChildProcess = spawn('python3', [rawCopy, 'send', portFile, ...files], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = once(sender, 'close')
  try {
    return await measure(scratch, ['python3', rawCopy, 'receive', portFile, target])
  } finally {
    sender.kill()
    await ended
    await Promise.all([portFile, target].map((file) => rm(file, { force: true })))
  }
}
