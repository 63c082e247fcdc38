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
const ours = 'kannery backup'

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

/** Kannery with these options, and the earlier build where there is one. */
export function kanneryBackups(
  bench: Bench,
  { topic }: SourceTopic,
  options: readonly string[],
): Contender[] {
  const { before } = bench
  const builds = [
    { name: ours, bin: kanneryBin },
    ...(before === undefined ? [] : [{ name: `${ours}, earlier build`, bin: before }]),
  ]
  return builds.map(({ name, bin }) =>
    intoFolder(bench, name, (target) => [
      ...backupCommand(bench, { topic, target, bin }),
      ...options,
    ]),
  )
}

/** Kannery with these options, by a name of its own. */
export function kanneryBackup(
  bench: Bench,
  topic: string,
  { name, options }: { readonly name: string; readonly options: readonly string[] },
): Contender {
  return intoFolder(bench, name, (target) => [
    ...backupCommand(bench, { topic, target }),
    ...options,
  ])
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

function intoFolder(
  { scratch }: Bench,
  name: string,
  command: (folder: string) => readonly string[],
): Contender {
  return {
    name,
    async run() {
      const folder = join(scratch, 'can')
      await mkdir(folder)
      const measurement = await measure(scratch, command(folder))
      await rm(folder, { recursive: true })
      return measurement
    },
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
