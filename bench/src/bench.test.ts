import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { FiguresDocument } from './measuring/row.ts'

describe('the benchmarks, beside each other and too small to say anything about speed', {
  concurrent: true,
  timeout: 600_000,
}, () => {
  test('the benchmarks beside a broker print a figure for every contender', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kannery-bench-test-'))
    const json = join(folder, 'figures.json')
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'main.ts'),
      ...['backup/none-1mb', 'backup/json-zstd', 'backup/one-record-batches'],
      ...['restore', 'memory/many-partitions', 's3', '--gb', '0.02', '--rounds', '1'],
      ...['--json', json],
    ])

    for (const title of [
      /^backup, codec none, of 20000 records in batches of 1000 KB, none, 0\.02 GB/m,
      /^backup, codec zstd, of 5000 JSON records/m,
      /^backup, codec none, of 20000 batches of one record/m,
      /^restore of 20000 records/m,
      /^restore of 20000 batches of one record/m,
      /^memory of a backup of 23680 records in 740 partitions/m,
      /^backup into S3, codec none, of 20000 records/m,
      /^garbage collection, in one more run: \d+\.\d %/m,
    ]) {
      expect(stdout).toMatch(title)
    }
    const figures = String.raw`\s+\d+ \(\d+–\d+\)\s+\d+\.\d\d \(\d+\.\d\d–\d+\.\d\d\)\s+[1-9]\d*`
    for (const [name, times] of [
      ['kannery backup', 4],
      ['kannery backup, 64 MiB', 1],
      ['kannery backup, 256 MiB', 1],
      ['wire prototype', 3],
      ['kafka-consumer-perf-test', 3],
      ['raw TCP copy', 3],
      ['kannery restore', 2],
      ['kafka-producer-perf-test', 2],
      ["the SDK's Upload", 1],
    ] as const) {
      expect(stdout.match(new RegExp(`^${name}${figures}`, 'gm'))).toHaveLength(times)
    }
    const { rows } = JSON.parse(await readFile(json, 'utf8')) as FiguresDocument
    await rm(folder, { recursive: true })
    const contenders = rows.flatMap((row) => row.contenders)
    expect(contenders).toHaveLength(20)
    for (const { seconds, cpuSeconds, peakRssBytes } of contenders.flatMap((c) => c.measurements)) {
      expect(Math.min(seconds, cpuSeconds, peakRssBytes)).toBeGreaterThan(0)
    }
  })

  test('the benchmark of the storages prints a figure for every contender', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'main.ts'),
      ...['storages', '--gb', '0.02', '--rounds', '1'],
    ])
    for (const [name, times] of [
      ['kannery writer', 6],
      ['kannery reader', 6],
      ["the SDK's Upload", 2],
      ["the SDK's GetObject", 2],
      ["the SDK's createWriteStream", 2],
      ["the SDK's createWriteStream, in parts", 2],
      ["the SDK's createReadStream", 2],
      ["the SDK's uploadStream", 2],
      ["the SDK's download", 2],
    ] as const) {
      expect(stdout.match(new RegExp(`^${name} +[1-9]`, 'gm'))).toHaveLength(times)
    }
  })

  test('the benchmark of the start measures what would be installed', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'main.ts'),
      ...['start', '--rounds', '1'],
    ])
    for (const name of ['node', 'node, and the SDK for S3', 'kannery ls s3://bucket']) {
      expect(stdout).toMatch(new RegExp(`^${name} +[1-9]`, 'm'))
    }
  })
})
