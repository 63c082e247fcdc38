import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { kanneryBin } from '@kannery/testing/paths'
import { type Measurement, measure } from '../measuring/measure.ts'
import type { Contender } from '../measuring/rounds.ts'
import type { Bench } from './bench.ts'

/** A topic that is there to be read. */
export interface SourceTopic {
  readonly topic: string
  readonly partitions: number
  readonly records: number
}

const rawCopy = join(import.meta.dirname, '../../raw-copy.py')
const wirePrototype = join(import.meta.dirname, '../wire/wire-prototype.ts')

/** The command line of a backup of `topic` into `target`, by the build at `bin`. */
export function backupCommand(
  { broker }: Bench,
  { topic, target, bin = kanneryBin }: { topic: string; target: string; bin?: string },
): string[] {
  return [
    ...[process.execPath, bin, 'backup', '--from', broker.bootstrapServers],
    ...['--topic', topic, '--to', target, '--once'],
  ]
}

/** The builds of Kannery that take part: this one, and an earlier one where there is one. */
export function buildsOf({ before }: Bench): readonly { suffix: string; bin: string }[] {
  const earlier = before === undefined ? [] : [{ suffix: ', earlier build', bin: before }]
  return [{ suffix: '', bin: kanneryBin }, ...earlier]
}

/** Each build with these options. */
export function kanneryBackups(
  bench: Bench,
  source: SourceTopic,
  options: readonly string[],
): Contender[] {
  return buildsOf(bench).map(({ suffix, bin }) =>
    kanneryBackup(bench, source, { name: `kannery backup${suffix}`, options, bin }),
  )
}

/** What {@link kanneryBackup} runs, and what it is called. */
export interface NamedBackup {
  readonly name: string
  readonly options: readonly string[]
  /** Defaults to this build. */
  readonly bin?: string
}

/** A backup into an empty folder. */
export function kanneryBackup(
  bench: Bench,
  { topic }: SourceTopic,
  { name, options, bin = kanneryBin }: NamedBackup,
): Contender {
  const { scratch } = bench
  return {
    name,
    async run() {
      const target = join(scratch, 'can')
      await mkdir(target)
      const command = backupCommand(bench, { topic, target, bin })
      const measurement = await measure(scratch, [...command, ...options])
      await rm(target, { recursive: true })
      return measurement
    },
  }
}

/** Kafka's own consumer, which writes nothing. */
export function consumer({ broker, scratch }: Bench, source: SourceTopic): Contender {
  return {
    name: 'kafka-consumer-perf-test',
    run: () => measure(scratch, broker.consumer(source.topic, source.records)),
  }
}

/** The least that reads over the wire and keeps what it read; see wire-prototype.ts. */
export function prototype({ broker, scratch }: Bench, source: SourceTopic): Contender {
  const { topic, partitions } = source
  return {
    name: 'wire prototype',
    async run() {
      const target = join(scratch, 'prototype')
      const measurement = await measure(scratch, [
        ...[process.execPath, wirePrototype, '--from', broker.bootstrapServers],
        ...['--topic', topic, '--partitions', String(partitions), '--to', target],
      ])
      const [{ size }, expected] = await Promise.all([stat(target), broker.logBytes(topic)])
      await rm(target)
      if (size !== expected) throw new Error(`the prototype wrote ${size} of ${expected} bytes`)
      return measurement
    },
  }
}

/** The same bytes over a bare connection into a file. */
export function tcpCopy({ broker, scratch }: Bench, { topic }: SourceTopic): Contender {
  return {
    name: 'raw TCP copy',
    run: async () => copyRaw(scratch, await broker.logFiles(topic)),
  }
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
