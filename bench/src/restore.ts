import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { kanneryBin } from '@kannery/testing/paths'
import type { Bench } from './backup.ts'
import { recordBytes, type SourceTopic } from './broker.ts'
import { measure } from './measure.ts'
import { formatReport } from './report.ts'
import { type Contender, runRounds } from './rounds.ts'

const topic = 'restore-source'
const target = 'restore-target'

/** Restore beside Kafka's own producer, both with batches of 1 MB. */
export async function benchRestore(bench: Bench): Promise<string[]> {
  const { broker, scratch, say } = bench
  const records = Math.ceil(bench.bytes / recordBytes)
  const source: SourceTopic = { topic, records, compression: 'none', batchBytes: 1_000_000 }
  say(`filling ${topic} with ${records} records, and backing it up`)
  await broker.create(topic)
  await measure(scratch, broker.producer(source))
  const bytes = await broker.logBytes(topic)
  const folder = join(scratch, 'can')
  await mkdir(folder)
  await measure(scratch, [
    ...[process.execPath, kanneryBin, 'backup', '--from', broker.bootstrapServers],
    ...['--topic', topic, '--to', folder, '--once', '--codec', 'none'],
  ])
  await broker.delete(topic)
  const results = await runRounds(contenders(bench, folder, source), bench.rounds, say)
  await rm(folder, { recursive: true })
  const size = `${(bytes / 1e9).toFixed(2)} GB`
  return [formatReport(`restore of ${records} records, batches of 1 MB, ${size}`, bytes, results)]
}

function contenders(bench: Bench, folder: string, source: SourceTopic): readonly Contender[] {
  const { broker, scratch } = bench
  return [
    {
      name: 'kannery restore',
      async run() {
        const measurement = await measure(scratch, [
          ...[process.execPath, kanneryBin, 'restore', '--from', folder],
          ...['--to', broker.bootstrapServers, '--topic', topic, '--as', target],
        ])
        await broker.delete(target)
        return measurement
      },
    },
    {
      name: 'kafka-producer-perf-test',
      async run() {
        await broker.create(target)
        const measurement = await measure(scratch, broker.producer({ ...source, topic: target }))
        await broker.delete(target)
        return measurement
      },
    },
  ]
}
