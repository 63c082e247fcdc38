import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { formatReport, median } from './report.ts'

describe('the benchmarks, beside each other and too small to say anything about speed', {
  concurrent: true,
  timeout: 300_000,
}, () => {
  test('the benchmarks of backup and restore print a figure for every contender', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'main.ts'),
      ...['--gb', '0.03', '--rounds', '1'],
    ])

    for (const title of [
      /^backup of 30000 records, compression none, 0\.03 GB/m,
      /^backup of 30000 records, compression lz4/m,
      /^restore of 30000 records/m,
    ]) {
      expect(stdout).toMatch(title)
    }
    const figures = String.raw`\s+[1-9]\d* \(\d+–\d+\)\s+\d+\.\d\d \(\d+\.\d\d–\d+\.\d\d\)\s+\d+`
    for (const [name, times] of [
      ['kannery backup', 2],
      ['kannery backup, 64 MiB', 2],
      ['kafka-consumer-perf-test', 2],
      ['raw TCP copy', 2],
      ['kannery restore', 1],
      ['kafka-producer-perf-test', 1],
    ] as const) {
      expect(stdout.match(new RegExp(`^${name}${figures}`, 'gm'))).toHaveLength(times)
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

describe('a report', () => {
  test('gives medians, spread and ratios', () => {
    const run = (seconds: number, cpuSeconds: number) => ({
      seconds,
      cpuSeconds,
      peakRssBytes: 2e8,
    })

    const report = formatReport('title', 1e9, [
      { name: 'ours', measurements: [run(1, 1), run(2, 2), run(4, 3)] },
      { name: 'theirs', measurements: [run(4, 1), run(4, 1), run(4, 1)] },
    ])

    expect(report.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
      ['title'],
      ['', 'MB/s', 'CPU-s/GB', 'peak RSS MB', 'speed ratio', 'CPU ratio'],
      ['ours', '500 (250–1000)', '2.00 (1.00–3.00)', '200', '1.00', '1.00'],
      ['theirs', '250 (250–250)', '1.00 (1.00–1.00)', '200', '2.00', '2.00'],
      [''],
    ])
  })

  test.each([
    [[3], 3],
    [[1, 2], 1.5],
    [[9, 1, 5], 5],
  ])('takes the middle of %j', (values, expected) => {
    expect(median(values)).toBe(expected)
  })
})
